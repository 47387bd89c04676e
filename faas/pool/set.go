package pool

import (
	"slices"
	"time"

	"triptych/faas/function"
	"triptych/faas/runtimeapi"
)

// A set is the instances of one configuration. Everything in it is guarded by
// the pool's mutex.
type set[E Environment] struct {
	pool     *Pool[E]
	config   *function.Config
	limits   *limits                 // of its function
	members  map[*member[E]]struct{} // being started, alive, or with an event yet to be answered
	idle     []place[E]              // the one used last is at the end
	dormant  []*member[E]            // their processes have ended; they keep their /tmp
	waiters  []*waiter[E]
	starting int
	live     int  // processes, with those that were told to end
	retired  bool // its configuration is out of date
	hungry   bool // it is in the pool's list
	answered int  // members that have answered, and not asked for their next event

	provisioned int
	failures    int       // of provisioned instances, one after the other
	retryAt     time.Time // when the next may be started

	timer *time.Timer // when something is to be looked after
	due   time.Time   // when it fires; zero when it is not armed
}

// A place is one event that an instance has asked for.
type place[E Environment] struct {
	member *member[E]
	poll   *runtimeapi.Poll
}

// A waiter is an event that waits for an instance.
type waiter[E Environment] struct{ answer chan answer[E] }

type answer[E Environment] struct {
	place place[E]
	err   error
}

// pop takes the place that was used last.
func (s *set[E]) pop() (place[E], bool) {
	n := len(s.idle)
	if n == 0 {
		return place[E]{}, false
	}
	at := s.idle[n-1]
	s.idle[n-1] = place[E]{}
	s.idle = s.idle[:n-1]
	at.member.places--
	at.member.busy++
	return at, true
}

// push gives a place to who waits longest, or keeps it.
func (s *set[E]) push(at place[E]) {
	m := at.member
	switch {
	case m.dead || m.closed:
	case len(s.waiters) > 0:
		m.busy++
		s.next().answer <- answer[E]{place: at}
	case s.retired && m.busy == 0:
		m.close()
	default:
		s.keep(at)
	}
}

// keep adds a place to what is idle. A process has no more places than slots:
// one that asks more often has lost its earlier polls.
func (s *set[E]) keep(at place[E]) {
	m := at.member
	if m.places == s.config.Runner.Slots() {
		lost := slices.IndexFunc(s.idle, func(other place[E]) bool { return other.member == m })
		s.idle = slices.Delete(s.idle, lost, lost+1)
		m.places--
		m.asked--
	}
	s.idle = append(s.idle, at)
	m.places++
	if m.busy == 0 {
		m.becameIdle()
	}
}

// next takes who waits longest out of the queue.
func (s *set[E]) next() *waiter[E] {
	w := s.waiters[0]
	s.waiters[0] = nil
	s.waiters = s.waiters[1:]
	return w
}

// fail tells who waits longest, if anybody does.
func (s *set[E]) fail(err error) {
	if len(s.waiters) > 0 {
		s.pool.leave(s.limits)
		s.next().answer <- answer[E]{err: err}
	}
}

func (s *set[E]) forget(w *waiter[E]) {
	if i := slices.Index(s.waiters, w); i >= 0 {
		s.waiters = slices.Delete(s.waiters, i, i+1)
	}
}

// grow starts as many instances as events wait for one, within the limits.
func (s *set[E]) grow() {
	p := s.pool
	for !p.closed && s.coming() < len(s.waiters) && s.starting < p.o.Starting && s.live < p.most(s) && p.room(s) {
		s.start(false)
	}
}

const (
	// askAll is how long an instance that takes several events gets until it
	// has asked for as many.
	askAll = 100 * time.Millisecond

	// askAgain is how long an event waits for an instance that has answered
	// and will ask for its next event, until another instance is started. It is
	// about as long as a start takes: who calls a function again and again, and has the
	// answer before the function is through with it, shall not have two.
	askAgain = 5 * time.Millisecond
)

// coming is how many places there will be soon: those of instances that are
// being started, of those that have just begun and so far asked for fewer
// events than they may, and of those that have just answered.
func (s *set[E]) coming() int {
	slots := s.config.Runner.Slots()
	n := s.starting * slots
	if slots == 1 && s.answered == 0 || n >= len(s.waiters) {
		return n
	}
	now := time.Now()
	for m := range s.members {
		switch {
		case !m.begun:
		case m.asked < slots:
			n += s.expect(slots-m.asked, m.startedAt.Add(askAll), now)
		case !m.asksBefore.IsZero():
			n += s.expect(1, m.idleSince.Add(askAgain), now)
		}
	}
	return n
}

// expect is n until then, when it turns out that it was in vain.
func (s *set[E]) expect(n int, then, now time.Time) int {
	if !now.Before(then) {
		return 0
	}
	s.wakeAt(then)
	return n
}

// start starts one instance: one that has lost its process, or a new one.
func (s *set[E]) start(provisioned bool) {
	m := s.wake(provisioned)
	if m == nil {
		m = &member[E]{set: s, provisioned: provisioned}
	}
	m.dead = false
	m.run++
	s.members[m] = struct{}{}
	s.starting++
	s.live++
	s.pool.live++
	run := m.run
	s.pool.goroutines.Go(func() { m.live(run) })
}

// wake takes a member that has lost its process, the last first.
func (s *set[E]) wake(provisioned bool) *member[E] {
	for i, m := range slices.Backward(s.dormant) {
		if m.provisioned == provisioned {
			s.dormant = slices.Delete(s.dormant, i, i+1)
			return m
		}
	}
	return nil
}

// retire ends what is idle, and sees to it that the rest follows.
func (s *set[E]) retire() {
	s.retired, s.provisioned = true, 0
	for m := range s.members {
		if m.begun && m.busy == 0 && (m.asked > 0 || len(s.waiters) == 0) {
			m.close()
		}
	}
	for _, m := range slices.Clone(s.dormant) {
		m.close()
	}
	s.cleanUp()
}

// cleanUp forgets a set that has nothing left.
func (s *set[E]) cleanUp() {
	if len(s.members)+len(s.dormant)+len(s.waiters)+s.live+s.provisioned > 0 {
		return
	}
	if s.timer != nil {
		s.timer.Stop()
		s.due = time.Time{}
	}
	if p := s.pool; p.sets[keyOf(s.config)] == s {
		delete(p.sets, keyOf(s.config))
		s.limits.sets--
		p.forget(s.limits)
	}
}

func (s *set[E]) count() Count {
	c := Count{Instances: s.live, Starting: s.starting, Waiting: len(s.waiters)}
	for m := range s.members {
		c.UnderWay += m.busy
		if m.provisioned {
			c.Provisioned++
		}
		if m.begun && m.busy == 0 {
			c.Idle++
		}
	}
	return c
}
