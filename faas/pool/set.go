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
	pool        *Pool[E]
	config      *function.Config
	members     map[*member[E]]struct{} // alive, or being started
	idle        []place[E]              // the one used last is at the end
	dormant     []*member[E]            // their processes have ended; they keep their /tmp
	waiters     []*waiter[E]
	starting    int
	provisioned int
	retired     bool

	timer *time.Timer // until some idle instance may have been kept long enough
	armed bool        // it is running
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
	for n := len(s.idle); n > 0; n = len(s.idle) {
		at := s.idle[n-1]
		s.idle = s.idle[:n-1]
		if !at.member.dead {
			at.member.busy++
			return at, true
		}
	}
	return place[E]{}, false
}

// push gives a place to who waits longest, or keeps it.
func (s *set[E]) push(at place[E]) {
	m := at.member
	switch {
	case m.dead:
	case len(s.waiters) > 0:
		w := s.waiters[0]
		s.waiters = s.waiters[1:]
		m.busy++
		w.answer <- answer[E]{place: at}
	case s.retired:
		m.close()
	default:
		m.idleSince = time.Now()
		s.idle = append(s.idle, at)
		s.schedule()
	}
}

func (s *set[E]) forget(w *waiter[E]) {
	if i := slices.Index(s.waiters, w); i >= 0 {
		s.waiters = slices.Delete(s.waiters, i, i+1)
	}
}

// grow starts as many instances as events wait for one, within the limits.
func (s *set[E]) grow() {
	slots := s.config.Runner.Slots()
	for !s.pool.closed && s.starting*slots < len(s.waiters) && s.starting < s.pool.o.Starting && len(s.members) < s.pool.most(s) {
		s.start(false)
	}
}

// start starts one instance: one that has lost its process, or a new one.
func (s *set[E]) start(provisioned bool) {
	var m *member[E]
	if n := len(s.dormant); n > 0 && !provisioned {
		m, s.dormant = s.dormant[n-1], s.dormant[:n-1]
		m.dead = false
	} else {
		m = &member[E]{set: s, provisioned: provisioned}
	}
	s.members[m] = struct{}{}
	s.starting++
	s.pool.goroutines.Go(func() { m.run(s.pool.ctx) })
}

// started is told how a start went. A failure is the answer to who waits
// longest; the others get instances of their own.
func (s *set[E]) started(m *member[E], err error) {
	s.starting--
	if err == nil {
		for _, poll := range m.early {
			m.free(poll)
		}
		m.early = nil
		s.grow()
		return
	}
	delete(s.members, m)
	if len(s.waiters) > 0 {
		w := s.waiters[0]
		s.waiters = s.waiters[1:]
		w.answer <- answer[E]{err: err}
	}
	s.grow()
}

// retire ends what is idle, and what is busy when it has answered.
func (s *set[E]) retire() {
	s.retired = true
	for m := range s.members {
		if m.busy == 0 && m.begun {
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
	if len(s.members)+len(s.dormant)+len(s.waiters)+s.starting+s.provisioned == 0 {
		if s.timer != nil {
			s.timer.Stop()
		}
		if s.pool.sets[keyOf(s.config)] == s {
			delete(s.pool.sets, keyOf(s.config))
		}
	}
}

// keepAlive is how long its instances are kept idle.
func (s *set[E]) keepAlive() time.Duration {
	if d := s.config.Runner.KeepAlive; d > 0 {
		return d
	}
	return s.pool.o.KeepAlive
}

// provide starts what is missing of the provisioned instances.
func (s *set[E]) provide() {
	have := 0
	for m := range s.members {
		if m.provisioned {
			have++
		}
	}
	for ; have < s.provisioned && !s.retired && !s.pool.closed; have++ {
		s.start(true)
	}
}

func (s *set[E]) count() Count {
	c := Count{Instances: len(s.members), Starting: s.starting, Provisioned: s.provisioned, Waiting: len(s.waiters)}
	for m := range s.members {
		c.UnderWay += m.busy
		if m.busy == 0 && m.begun {
			c.Idle++
		}
	}
	return c
}

// schedule sees to it that expire is called, at the latest, when what is idle
// since now has been for long enough.
func (s *set[E]) schedule() {
	if s.armed {
		return
	}
	s.arm(s.keepAlive())
}

func (s *set[E]) arm(d time.Duration) {
	s.armed = true
	if s.timer == nil {
		s.timer = time.AfterFunc(d, s.expire)
		return
	}
	s.timer.Reset(d)
}

// expire ends the instances that have been idle for long enough.
func (s *set[E]) expire() {
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	s.armed = false
	now, keep := time.Now(), s.provisioned
	var left time.Duration // until the next may end
	ends := func(m *member[E]) bool {
		d := m.idleSince.Add(s.keepAlive()).Sub(now)
		if d > 0 && (left == 0 || d < left) {
			left = d
		}
		return d <= 0
	}
	for m := range s.members {
		switch {
		case m.busy > 0 || !m.begun:
		case m.provisioned && keep > 0:
			keep--
		case ends(m):
			m.close()
		}
	}
	for _, m := range slices.Clone(s.dormant) {
		if ends(m) {
			m.close()
		}
	}
	if left > 0 {
		s.arm(left)
	}
	s.cleanUp()
}
