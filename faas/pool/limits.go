package pool

import (
	"slices"

	"triptych/faas/function"
)

// limits are how many events of one function are under way, and may be.
type limits struct {
	name     string
	underWay int
	reserved *int // nil is none: it shares what is not reserved
	sets     int  // of its configurations
}

// limits returns those of a function.
func (p *Pool[E]) limits(name string) *limits {
	f, ok := p.functions[name]
	if !ok {
		f = &limits{name: name}
		p.functions[name] = f
	}
	return f
}

// forget drops the limits of a function that has nothing.
func (p *Pool[E]) forget(f *limits) {
	if f.sets == 0 && f.underWay == 0 && f.reserved == nil {
		delete(p.functions, f.name)
	}
}

// admit counts an event of a function, or says which limit does not allow it.
func (p *Pool[E]) admit(f *limits) error {
	switch {
	case p.closed:
		return function.Throttled(function.ConcurrentLimit)
	case f.reserved != nil && f.underWay >= *f.reserved:
		return function.Throttled(function.ReservedLimit)
	case f.reserved == nil && p.underWay >= p.o.Concurrency-p.reserved:
		return function.Throttled(function.ConcurrentLimit)
	}
	f.underWay++
	if f.reserved == nil {
		p.underWay++
	}
	return nil
}

// leave is the end of what admit began.
func (p *Pool[E]) leave(f *limits) {
	f.underWay--
	if f.reserved == nil {
		p.underWay--
	}
}

// Reserve sets how many events of a function may be under way, and keeps them
// free for it; nil takes the reservation away. Whether it fits is for the
// caller to say, before.
func (p *Pool[E]) Reserve(name string, n *int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := p.limits(name)
	if f.reserved != nil {
		p.reserved -= *f.reserved
	} else {
		p.underWay -= f.underWay
	}
	f.reserved = nil
	if n != nil {
		events := *n
		f.reserved = &events
		p.reserved += events
	} else {
		p.underWay += f.underWay
	}
	p.forget(f)
	for _, s := range p.sets {
		s.grow() // who waits may have more now
	}
}

// most is how many instances a set may have: no more than events it may have
// under way, so that a process that has answered and not yet asked again
// counts too.
func (p *Pool[E]) most(s *set[E]) int {
	events := p.o.Concurrency - p.reserved
	if f := s.limits; f.reserved != nil {
		events = *f.reserved
	}
	slots := s.config.Runner.Slots()
	return max(1, (events+slots-1)/slots, s.provisioned)
}

// room tells whether one more process may be started for a set. When there are
// as many as there may be, instances that have been idle longest make room,
// whatever their function, and the set is told when they have.
func (p *Pool[E]) room(s *set[E]) bool {
	if p.o.Instances <= 0 || p.live < p.o.Instances {
		return true
	}
	if !s.hungry {
		s.hungry = true
		p.hungry = append(p.hungry, s)
	}
	p.evict()
	return false
}

// evict ends the instances idle longest, one for each set that is hungry. It is
// called when a set has become hungry, and when an instance has become idle.
func (p *Pool[E]) evict() {
	for p.ending < len(p.hungry) {
		m := p.oldest(false)
		if m == nil && p.onlyKept() {
			m = p.oldest(true) // as nothing may wait for ever
		}
		if m == nil {
			return
		}
		m.close()
	}
}

// onlyKept tells whether an event waits for room and there are no instances but
// those that are to be kept.
func (p *Pool[E]) onlyKept() bool {
	if p.ending > 0 || !slices.ContainsFunc(p.hungry, func(s *set[E]) bool { return len(s.waiters) > 0 }) {
		return false
	}
	for _, s := range p.sets {
		for m := range s.members {
			if !m.dead && !m.closed && !s.kept(m) {
				return false
			}
		}
	}
	return true
}

// oldest is the instance that has been idle longest: of those that are to be
// kept, or of the others.
func (p *Pool[E]) oldest(kept bool) (found *member[E]) {
	for _, s := range p.sets {
		for _, at := range s.idle {
			m := at.member
			if m.busy == 0 && s.kept(m) == kept && (found == nil || m.idleSince.Before(found.idleSince)) {
				found = m
			}
		}
	}
	return found
}

// feed lets the hungry start what they may, when a process has gone: first
// those for whom somebody waits.
func (p *Pool[E]) feed() {
	hungry := p.hungry
	p.hungry = nil
	for _, s := range hungry {
		s.hungry = false
	}
	for _, s := range hungry {
		s.grow()
	}
	for _, s := range hungry {
		s.provide()
	}
}
