package pool

import (
	"slices"
	"time"

	"triptych/faas/function"
)

// Instances of provisioned concurrency that fail are started again after a
// second, and then less and less often.
const (
	soonestRetry = time.Second
	latestRetry  = time.Minute

	// longEnough is how long a process must live to be no failure when there was
	// no event for it.
	longEnough = 10 * time.Second
)

// Provision keeps n instances of a configuration initialised, whether there
// are events or not.
func (p *Pool[E]) Provision(c *function.Config, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.set(c)
	s.provisioned, s.failures, s.retryAt = n, 0, time.Time{}
	for m := range s.members {
		if m.provisioned && m.begun && m.busy == 0 && !s.kept(m) {
			m.close()
		}
	}
	s.provide()
	s.cleanUp()
}

// provide starts what is missing of the provisioned instances.
func (s *set[E]) provide() {
	p := s.pool
	for have := s.have(); have < s.provisioned && s.starting < p.o.Starting && !p.closed; have++ {
		if s.retryAt.After(time.Now()) {
			s.wakeAt(s.retryAt)
			return
		}
		if !p.room(s) {
			return
		}
		s.start(true)
	}
}

// have is how many provisioned instances there are, or will be: one that has
// crashed is started again when its event has ended.
func (s *set[E]) have() (n int) {
	if s.provisioned == 0 {
		return 0
	}
	for m := range s.members {
		if m.provisioned && !m.closed {
			n++
		}
	}
	return n
}

// kept tells whether a member is kept however long it is idle.
func (s *set[E]) kept(m *member[E]) bool {
	return m.provisioned && s.have() <= s.provisioned && s.provisioned > 0
}

// judge notes whether the process of a provisioned member that has ended was
// of any use; while none is, they are not started again at once.
func (s *set[E]) judge(m *member[E]) {
	switch {
	case !m.provisioned:
	case m.answers > 0 || m.busy > 0 || m.begun && time.Since(m.startedAt) > longEnough:
		s.failures = 0
	default:
		pause := latestRetry
		if s.failures < 6 {
			pause = min(soonestRetry<<s.failures, latestRetry)
		}
		s.failures++
		s.retryAt = time.Now().Add(pause)
	}
}

// keepAlive is how long its instances are kept idle.
func (s *set[E]) keepAlive() time.Duration {
	if d := s.config.Runner.KeepAlive; d > 0 {
		return d
	}
	return s.pool.o.KeepAlive
}

// wakeAt has the set looked after at a time, or before. An instance that is
// busy all the time does not touch the timer: when it fires, it is set to the
// next time at which there can be something to do.
func (s *set[E]) wakeAt(at time.Time) {
	if !s.due.IsZero() && !at.Before(s.due) {
		return
	}
	s.due = at
	if s.timer == nil {
		s.timer = time.AfterFunc(time.Until(at), s.look)
		return
	}
	s.timer.Reset(time.Until(at))
}

// look ends the instances that have been idle for long enough, and those that
// have answered and did not ask for their next event, and starts what is
// missing.
func (s *set[E]) look() {
	p := s.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	now, next := time.Now(), time.Time{}
	s.due = time.Time{}
	isOver := func(at time.Time) bool {
		over := !at.After(now)
		if !over && (next.IsZero() || at.Before(next)) {
			next = at
		}
		return over
	}
	for m := range s.members {
		switch {
		case m.busy > 0 || !m.begun:
		case !m.asksBefore.IsZero():
			if isOver(m.asksBefore) {
				m.close()
			}
		case !s.kept(m) && isOver(m.idleSince.Add(s.keepAlive())):
			m.close()
		}
	}
	for _, m := range slices.Clone(s.dormant) {
		if isOver(m.idleSince.Add(s.keepAlive())) {
			m.close()
		}
	}
	if !next.IsZero() {
		s.wakeAt(next)
	}
	s.provide()
	s.grow()
	s.cleanUp()
}
