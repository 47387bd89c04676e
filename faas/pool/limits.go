package pool

import "triptych/faas/function"

// admit counts an event of a function, or says which limit does not allow it.
func (p *Pool[E]) admit(name string) error {
	f := p.limits(name)
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
func (p *Pool[E]) leave(name string) {
	f := p.limits(name)
	f.underWay--
	if f.reserved == nil {
		p.underWay--
	}
}

func (p *Pool[E]) limits(name string) *limits {
	f, ok := p.functions[name]
	if !ok {
		f = &limits{}
		p.functions[name] = f
	}
	return f
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
	f.reserved = n
	if n != nil {
		p.reserved += *n
	} else {
		p.underWay += f.underWay
	}
}

// most is how many instances a set may have: no more than events it may have
// under way, so that a process that has answered and not yet asked again
// counts too.
func (p *Pool[E]) most(s *set[E]) int {
	events := p.o.Concurrency - p.reserved
	if f := p.limits(s.config.Name); f.reserved != nil {
		events = *f.reserved
	}
	slots := s.config.Runner.Slots()
	return max(1, (events+slots-1)/slots, s.provisioned)
}
