package pool

import (
	"context"
	"slices"
	"time"

	"triptych/faas/runtimeapi"
)

// A member is an instance as its set sees it. Everything in it is guarded by
// the pool's mutex, but env, which is set before anybody else can see it.
type member[E Environment] struct {
	set         *set[E]
	env         E
	made        bool               // env is set
	begun       bool               // its process has been initialised
	early       []*runtimeapi.Poll // polls before that was known
	busy        int                // events it works on
	idleSince   time.Time
	dead        bool // its process has ended
	closed      bool
	provisioned bool

	asked, answers int         // events it has asked for, and that it has answered
	overdue        *time.Timer // until it must have asked for its next event
}

// run starts the instance and stays with it until its process has ended.
func (m *member[E]) run(ctx context.Context) {
	p := m.set.pool
	err := m.startProcess(ctx)
	p.mu.Lock()
	m.asked, m.answers = 0, 0
	m.begun = err == nil
	m.set.started(m, err)
	if err != nil || m.set.retired && m.busy == 0 {
		m.close()
	}
	m.set.cleanUp()
	p.mu.Unlock()
	if err != nil {
		return
	}
	<-m.env.Done()
	p.mu.Lock()
	defer p.mu.Unlock()
	m.lost()
}

func (m *member[E]) startProcess(ctx context.Context) error {
	if !m.made {
		env, err := m.set.pool.o.New(ctx, m.set.config, m.provisioned, m.offer)
		if err != nil {
			return err
		}
		m.env, m.made = env, true
	}
	return m.env.Start(ctx)
}

// offer is called when the process asks for an event.
func (m *member[E]) offer(poll *runtimeapi.Poll) {
	p := m.set.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if !m.begun {
		m.early = append(m.early, poll)
		return
	}
	m.free(poll)
}

// free makes the place known to the set.
func (m *member[E]) free(poll *runtimeapi.Poll) {
	m.asked++
	if m.overdue != nil {
		m.overdue.Stop()
	}
	m.set.push(place[E]{member: m, poll: poll})
}

// answered notes that the member has answered an event. An invocation is not
// complete until the process has asked for the next; it is given until
// deadline for that, and then ended.
func (m *member[E]) answered(deadline time.Time) {
	m.busy--
	m.answers++
	if m.busy == 0 {
		m.idleSince = time.Now()
	}
	switch {
	case m.dead:
	case m.set.retired && m.busy == 0:
		m.close()
		m.set.cleanUp()
	case m.set.config.Runner.Slots() == 1 && m.asked <= m.answers:
		if left := time.Until(deadline); m.overdue == nil {
			m.overdue = time.AfterFunc(left, m.giveUp)
		} else {
			m.overdue.Reset(left)
		}
	}
}

// giveUp ends a process that has answered and not asked for its next event.
func (m *member[E]) giveUp() {
	p := m.set.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if m.begun && m.busy == 0 && m.asked <= m.answers {
		m.close()
		m.set.grow()
	}
}

// lost is told that the process has ended.
func (m *member[E]) lost() {
	s := m.set
	m.leave()
	if s.retired || s.pool.closed {
		m.close()
	} else if !m.closed {
		m.idleSince = time.Now()
		s.dormant = append(s.dormant, m)
		s.schedule()
	}
	s.provide()
	s.grow()
	s.cleanUp()
}

// leave takes the member out of what can be given to events.
func (m *member[E]) leave() {
	s := m.set
	m.dead, m.begun = true, false
	delete(s.members, m)
	s.idle = slices.DeleteFunc(s.idle, func(at place[E]) bool { return at.member == m })
	s.dormant = slices.DeleteFunc(s.dormant, func(d *member[E]) bool { return d == m })
	if m.overdue != nil {
		m.overdue.Stop()
	}
}

// close ends the member for good, beside the caller.
func (m *member[E]) close() {
	if m.closed {
		return
	}
	m.closed = true
	m.leave()
	if m.made {
		m.set.pool.goroutines.Go(m.env.Close)
	}
}
