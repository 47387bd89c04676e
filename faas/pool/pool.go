// Package pool places events: each goes to an instance of its function that is
// idle, the one used last first, and when there is none a new one is started.
// The event takes whichever is free first. The pool keeps the limits of
// concurrency, and ends instances that were idle for too long.
package pool

import (
	"context"
	"sync"
	"time"

	"triptych/faas/function"
	"triptych/faas/runtimeapi"
)

// An Environment is what the pool holds of an instance.
type Environment interface {
	// Start starts its process, or starts it again after it has ended, and
	// returns once it is initialised. With an error, no process is left.
	Start(context.Context) error
	// Done is closed when the process that was last started has ended.
	Done() <-chan struct{}
	// Close ends it for good.
	Close()
}

// Options say what instances are made of and how many there may be.
type Options[E Environment] struct {
	// New makes an environment of a function, not started yet. It calls free
	// whenever its process asks for an event.
	New func(ctx context.Context, c *function.Config, provisioned bool, free func(*runtimeapi.Poll)) (E, error)

	Concurrency int           // events under way at a time, over all functions
	Starting    int           // instances of one function that are started at a time
	Instances   int           // processes at a time, over all functions; 0 is no limit
	KeepAlive   time.Duration // how long an idle instance is kept, when its function does not say
}

// A Pool holds the instances of all functions.
type Pool[E Environment] struct {
	o   Options[E]
	ctx context.Context // ends when the pool is closed
	end context.CancelFunc

	mu        sync.Mutex
	functions map[string]*limits // by name
	sets      map[key]*set[E]
	underWay  int       // events of functions without a reservation
	reserved  int       // sum of all reservations
	live      int       // processes
	ending    int       // of these, those that were told to end
	hungry    []*set[E] // could start no instance as there were too many
	closed    bool

	goroutines sync.WaitGroup
}

// A key names the instances that can stand for each other: those of one
// version, made by one configuration.
type key struct{ name, version, revision string }

func keyOf(c *function.Config) key { return key{c.Name, c.Version, c.Revision} }

// New returns an empty pool. Close it.
func New[E Environment](o Options[E]) *Pool[E] {
	ctx, end := context.WithCancel(context.Background())
	return &Pool[E]{o: o, ctx: ctx, end: end, functions: map[string]*limits{}, sets: map[key]*set[E]{}}
}

// A Lease is an instance that takes one event, and the permission to have one
// under way. End it when the event is answered.
type Lease[E Environment] struct {
	Env    E
	Poll   *runtimeapi.Poll
	Asked  time.Time // when it was wanted
	Placed time.Time // when it was there
	Waited bool      // no instance was idle

	pool   *Pool[E]
	member *member[E]
}

// Acquire returns an instance for one event of a function. The error is a
// *function.Error when a limit is reached, the function's own failure when its
// initialisation failed, or that of ctx.
func (p *Pool[E]) Acquire(ctx context.Context, c *function.Config) (*Lease[E], error) {
	l := &Lease[E]{Asked: time.Now(), pool: p}
	p.mu.Lock()
	f := p.limits(c.Name)
	if err := p.admit(f); err != nil {
		p.forget(f)
		p.mu.Unlock()
		return nil, err
	}
	s := p.set(c)
	if at, ok := s.pop(); ok {
		p.mu.Unlock()
		l.take(at)
		return l, nil
	}
	w := &waiter[E]{answer: make(chan answer[E], 1)}
	s.waiters = append(s.waiters, w)
	s.grow()
	p.mu.Unlock()

	l.Waited = true
	select {
	case a := <-w.answer:
		if a.err != nil {
			return nil, a.err
		}
		l.take(a.place)
		return l, nil
	case <-ctx.Done():
		p.giveUp(s, w)
		return nil, ctx.Err()
	}
}

func (l *Lease[E]) take(at place[E]) {
	l.Env, l.Poll, l.member = at.member.env, at.poll, at.member
	l.Placed = time.Now()
}

// End gives back the permission. The instance itself is free again when its
// process asks for its next event; until deadline, then it is ended.
func (l *Lease[E]) End(deadline time.Time) {
	p := l.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leave(l.member.set.limits)
	l.member.answers++
	l.member.rest(deadline)
}

// Miss ends a lease whose instance did not take the event: who had asked for
// it had gone.
func (l *Lease[E]) Miss() {
	p := l.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	m := l.member
	p.leave(m.set.limits)
	m.asked--
	m.rest(time.Now().Add(m.set.config.Timeout))
}

// giveUp takes a waiter out of the queue. What it was given in the same moment
// goes to the next.
func (p *Pool[E]) giveUp(s *set[E], w *waiter[E]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case a := <-w.answer: // it is out of the queue
		if a.err == nil {
			p.leave(s.limits)
			a.place.member.putBack(a.place)
		}
	default:
		s.forget(w)
		p.leave(s.limits)
		s.cleanUp()
	}
}

// Retire ends the instances of the configurations that old says are out of
// date: what is idle at once, what is busy when it has answered, and what is
// being started when it has answered those who wait for it.
func (p *Pool[E]) Retire(old func(*function.Config) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.sets {
		if old(s.config) {
			s.retire()
		}
	}
}

// Close ends all instances and returns when they are gone. Events under way are
// lost with them, and so should have been answered before.
func (p *Pool[E]) Close() {
	p.mu.Lock()
	p.closed = true
	p.hungry = nil
	for _, s := range p.sets {
		for len(s.waiters) > 0 {
			s.fail(function.Throttled(function.ConcurrentLimit))
		}
		for m := range s.members {
			if m.begun {
				m.close()
			}
		}
		s.retire()
	}
	p.mu.Unlock()
	p.end()
	p.goroutines.Wait()
}

// set returns the instances of a configuration.
func (p *Pool[E]) set(c *function.Config) *set[E] {
	k := keyOf(c)
	s, ok := p.sets[k]
	if !ok {
		s = &set[E]{pool: p, config: c, limits: p.limits(c.Name), members: map[*member[E]]struct{}{}}
		s.limits.sets++
		p.sets[k] = s
	}
	return s
}

// A Count is how many instances of a configuration there are.
type Count struct{ Instances, Idle, Starting, Provisioned, UnderWay, Waiting int }

// Counts returns what there is, by configuration.
func (p *Pool[E]) Counts() map[*function.Config]Count {
	p.mu.Lock()
	defer p.mu.Unlock()
	counts := map[*function.Config]Count{}
	for _, s := range p.sets {
		counts[s.config] = s.count()
	}
	return counts
}
