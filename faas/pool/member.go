package pool

import (
	"slices"
	"time"

	"triptych/faas/runtimeapi"
)

// A member is an instance as its set sees it:
//
//	          started           takes an event
//	starting ─────────▶ idle ◀────────────────▶ busy
//	  ▲  │               │     asks for another   │
//	  │  │ fails         │ kept long enough,      │ its process ends
//	  │  ▼               ▼ or out of date         ▼
//	  │ closed ◀───────────────────────────── dormant
//	  └──────────────────────────────────────────┘
//	        an event finds none idle: its /tmp is used again
//
// Everything in it is guarded by the pool's mutex, but env, which is set before
// anybody else can see it.
type member[E Environment] struct {
	set         *set[E]
	env         E
	provisioned bool
	made        bool // env is set
	closed      bool

	run   int                // counts its processes
	done  <-chan struct{}    // of the last
	begun bool               // it has been initialised, and lives
	dead  bool               // it has ended
	early []*runtimeapi.Poll // polls before it was known to be initialised

	busy       int // events it works on
	places     int // of it that are idle
	asked      int // events that the process has asked for,
	answers    int // and has answered
	idleSince  time.Time
	startedAt  time.Time
	asksBefore time.Time // when it must have asked for its next event
}

// live starts the instance and stays with it until its process has ended.
func (m *member[E]) live(run int) {
	p := m.set.pool
	err := m.startProcess()
	p.mu.Lock()
	if err == nil {
		m.done = m.env.Done()
	}
	m.started(err)
	done := m.done
	p.mu.Unlock()
	if err != nil {
		return
	}
	<-done
	p.mu.Lock()
	defer p.mu.Unlock()
	m.ended(run)
}

func (m *member[E]) startProcess() error {
	p := m.set.pool
	if !m.made {
		env, err := p.o.New(p.ctx, m.set.config, m.provisioned, m.offer)
		if err != nil {
			return err
		}
		m.env, m.made = env, true
	}
	return m.env.Start(p.ctx)
}

// started is told how a start went. A failure is the answer to who waits
// longest; the others get instances of their own.
func (m *member[E]) started(err error) {
	s := m.set
	s.starting--
	m.asked, m.answers = 0, 0
	if err == nil {
		m.begin()
	} else {
		m.fail(err)
	}
	s.pool.feed()
	s.provide()
	s.grow()
	s.cleanUp()
}

// begin takes the polls that came early.
func (m *member[E]) begin() {
	s := m.set
	m.begun, m.startedAt = true, time.Now()
	m.becameIdle()
	for _, poll := range m.early {
		m.free(poll)
	}
	m.early = nil
	if s.pool.closed || s.retired && m.busy == 0 && len(s.waiters) == 0 {
		m.close()
	}
}

func (m *member[E]) fail(err error) {
	s := m.set
	m.dead, m.early = true, nil
	s.live--
	s.pool.live--
	s.judge(m)
	m.close()
	s.fail(err)
}

// offer is called when the process asks for an event.
func (m *member[E]) offer(poll *runtimeapi.Poll) {
	p := m.set.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case m.dead || m.closed:
	case m.begun:
		m.free(poll)
	default:
		m.early = append(m.early, poll)
	}
}

// free makes the place known to the set.
func (m *member[E]) free(poll *runtimeapi.Poll) {
	m.asked++
	m.mustAsk(time.Time{})
	m.set.push(place[E]{member: m, poll: poll})
}

// putBack gives a place to somebody else than who it was given to.
func (m *member[E]) putBack(at place[E]) {
	m.busy--
	m.set.push(at)
	if m.busy == 0 {
		m.settle()
	}
}

// rest is the end of an event. An invocation is not complete until the process
// has asked for the next; it is given until deadline for that, and then ended.
func (m *member[E]) rest(deadline time.Time) {
	m.busy--
	if m.busy > 0 {
		return
	}
	if m.begun && m.places == 0 {
		select {
		case <-m.done: // which the caller knows already
			m.ended(m.run)
			return
		default:
		}
	}
	if m.begun && m.asked <= m.answers {
		m.mustAsk(deadline)
		m.set.wakeAt(deadline)
	}
	m.settle()
}

// mustAsk notes when the member must have asked for its next event; the zero
// time when it has, or need not.
func (m *member[E]) mustAsk(before time.Time) {
	switch was := m.asksBefore; {
	case was.IsZero() && !before.IsZero():
		m.set.answered++
	case !was.IsZero() && before.IsZero():
		m.set.answered--
	}
	m.asksBefore = before
}

// settle is what becomes of a member that has no event any more.
func (m *member[E]) settle() {
	s := m.set
	switch {
	case m.closed:
		delete(s.members, m)
	case s.retired && len(s.waiters) == 0 || s.pool.closed:
		m.close()
	case m.dead:
		m.sleep()
		s.provide()
		s.grow()
	default:
		m.becameIdle()
		return
	}
	s.cleanUp()
}

// becameIdle has it ended when it has been idle for long enough, or when
// another function needs the room.
func (m *member[E]) becameIdle() {
	m.idleSince = time.Now()
	m.set.wakeAt(m.idleSince.Add(m.set.keepAlive()))
	if len(m.set.pool.hungry) > 0 {
		m.set.pool.evict()
	}
}

// ended is told that a process has ended.
func (m *member[E]) ended(run int) {
	s := m.set
	if run != m.run || m.dead {
		return
	}
	if m.closed {
		s.pool.ending--
	} else {
		s.judge(m)
	}
	m.dead, m.begun = true, false
	m.mustAsk(time.Time{})
	s.live--
	s.pool.live--
	m.dropPlaces()
	s.pool.feed()
	if m.busy == 0 {
		m.settle()
	}
	s.provide()
	s.grow()
	s.cleanUp()
}

// sleep keeps a member without a process, for its /tmp.
func (m *member[E]) sleep() {
	s := m.set
	delete(s.members, m)
	s.dormant = append(s.dormant, m)
	m.idleSince = time.Now()
	s.wakeAt(m.idleSince.Add(s.keepAlive()))
}

func (m *member[E]) dropPlaces() {
	s := m.set
	if m.places > 0 {
		s.idle = slices.DeleteFunc(s.idle, func(at place[E]) bool { return at.member == m })
		m.places = 0
	}
}

// close ends the member for good, beside the caller.
func (m *member[E]) close() {
	if m.closed {
		return
	}
	s := m.set
	m.closed = true
	if m.begun && !m.dead {
		s.pool.ending++
	}
	m.begun = false
	m.mustAsk(time.Time{})
	m.dropPlaces()
	if m.busy == 0 {
		delete(s.members, m)
	}
	s.dormant = slices.DeleteFunc(s.dormant, func(d *member[E]) bool { return d == m })
	if m.made {
		s.pool.goroutines.Go(m.env.Close)
	}
}
