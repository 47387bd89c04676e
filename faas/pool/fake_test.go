package pool

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"triptych/faas/function"
	"triptych/faas/runtimeapi"
	"triptych/internal/waittest"
)

func TestMain(m *testing.M) { waittest.Main(m) }

// A machine makes environments that are no processes, and remembers them.
type machine struct {
	startTakes, closeTakes time.Duration
	pollTakes              time.Duration // until the second poll of an instance, and then the third
	polls                  int           // as many as slots when zero

	mu        sync.Mutex
	made      []*fake
	live      int // processes
	most      int // of these, at any time
	closed    int
	failStart func(*fake) error // called without mu
}

// A fake is an environment without a process.
type fake struct {
	machine     *machine
	config      *function.Config
	provisioned bool
	free        func(*runtimeapi.Poll)
	number      int // in the order of being made

	mu     sync.Mutex
	done   chan struct{}
	alive  bool
	starts int
	gone   bool
}

func (m *machine) make(_ context.Context, c *function.Config, provisioned bool, free func(*runtimeapi.Poll)) (*fake, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := &fake{machine: m, config: c, provisioned: provisioned, free: free, number: len(m.made)}
	m.made = append(m.made, f)
	return f, nil
}

func (m *machine) count(d int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.live += d
	m.most = max(m.most, m.live)
}

// processes is how many are alive or being started.
func (m *machine) processes() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.live
}

func (f *fake) Start(ctx context.Context) error {
	f.mu.Lock()
	if f.alive || f.gone {
		panic(fmt.Sprintf("environment %d is started: alive %v, closed %v", f.number, f.alive, f.gone))
	}
	f.alive = true
	f.starts++
	f.done = make(chan struct{})
	f.mu.Unlock()
	f.machine.count(1)
	select {
	case <-time.After(f.machine.startTakes):
	case <-ctx.Done():
		f.die()
		return ctx.Err()
	}
	if fail := f.machine.failStart; fail != nil {
		if err := fail(f); err != nil {
			f.die()
			return err
		}
	}
	f.poll()
	more := f.config.Runner.Slots()
	if f.machine.polls > 0 {
		more = f.machine.polls
	}
	if f.machine.pollTakes == 0 {
		for range more - 1 {
			f.poll()
		}
		return nil
	}
	go func() {
		for range more - 1 {
			time.Sleep(f.machine.pollTakes)
			f.poll()
		}
	}()
	return nil
}

func (f *fake) poll() { f.free(new(runtimeapi.Poll)) }

func (f *fake) Done() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.done
}

// die ends the process.
func (f *fake) die() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.alive {
		f.alive = false
		f.machine.count(-1)
		close(f.done)
	}
}

func (f *fake) Close() {
	time.Sleep(f.machine.closeTakes)
	f.die()
	f.mu.Lock()
	twice := f.gone
	f.gone = true
	f.mu.Unlock()
	if twice {
		panic(fmt.Sprintf("environment %d is closed twice", f.number))
	}
	f.machine.mu.Lock()
	f.machine.closed++
	f.machine.mu.Unlock()
}

func (f *fake) isAlive() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.alive
}

// A bench is a pool with its machine, in a bubble.
type bench struct {
	*testing.T
	*machine
	pool   *Pool[*fake]
	leases *leases
}

// leases are those that have not ended.
type leases struct {
	mu  sync.Mutex
	all map[*Lease[*fake]]bool
}

// try runs f with a pool whose time is not the world's. Afterwards everything
// must be gone.
func try(t *testing.T, o Options[*fake], m *machine, f func(b bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o.New = m.make
		if o.Concurrency == 0 {
			o.Concurrency = 1000
		}
		if o.Starting == 0 {
			o.Starting = 100
		}
		if o.KeepAlive == 0 {
			o.KeepAlive = 5 * time.Minute
		}
		b := bench{T: t, machine: m, pool: New(o), leases: &leases{all: map[*Lease[*fake]]bool{}}}
		f(b)
		b.pool.Close()
		for l := range b.leases.all {
			b.end(l)
		}
		synctest.Wait()
		b.check()
		if n := b.processes(); n != 0 {
			t.Errorf("%d processes are left", n)
		}
		if b.closed != len(b.made) {
			t.Errorf("%d of %d environments were closed", b.closed, len(b.made))
		}
		if n := len(b.pool.sets) + len(b.pool.functions); n != 0 {
			t.Errorf("%d sets and functions are left", n)
		}
	})
}

// acquire is an event that must find an instance.
func (b bench) acquire(c *function.Config) *Lease[*fake] {
	b.Helper()
	l, err := b.pool.Acquire(b.Context(), c)
	if err != nil {
		panic(fmt.Sprintf("acquire an instance of %s: %v", c.Name, err)) // it may be another goroutine than the test's
	}
	b.leases.mu.Lock()
	defer b.leases.mu.Unlock()
	b.leases.all[l] = true
	return l
}

// end ends an event. The process has a second until it must ask for the next.
func (b bench) end(l *Lease[*fake]) {
	b.leases.mu.Lock()
	delete(b.leases.all, l)
	b.leases.mu.Unlock()
	l.End(time.Now().Add(time.Second))
}

// answer ends an event; the process asks for the next.
func (b bench) answer(l *Lease[*fake]) {
	b.end(l)
	l.Env.poll()
}

// invoke is one event that takes so long.
func (b bench) invoke(c *function.Config, takes time.Duration) *fake {
	b.Helper()
	l := b.acquire(c)
	time.Sleep(takes)
	b.answer(l)
	return l.Env
}

func (b bench) counts(c *function.Config) Count {
	synctest.Wait()
	b.check()
	for of, n := range b.pool.Counts() {
		if keyOf(of) == keyOf(c) {
			return n
		}
	}
	return Count{}
}

// check holds the pool to what must be so at any time.
func (b bench) check() {
	b.Helper()
	if err := b.pool.consistent(); err != nil {
		b.Error(err)
	}
}

func (p *Pool[E]) consistent() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	is := func(what string, got, want int) {
		if got != want {
			errs = append(errs, fmt.Errorf("%s: %d, want %d", what, got, want))
		}
	}
	live, ending, unreserved := 0, 0, 0
	for _, s := range p.sets {
		live += s.live
		places := map[*member[E]]int{}
		for _, at := range s.idle {
			places[at.member]++
			if m := at.member; m.dead || m.closed || !m.begun {
				errs = append(errs, errors.New("an instance is idle that is not there"))
			}
		}
		running, answered := 0, 0
		for m := range s.members {
			if !m.asksBefore.IsZero() {
				answered++
			}
			is("places", m.places, places[m])
			if !m.dead && !m.closed {
				running++
			}
			if m.busy < 0 || m.places > s.config.Runner.Slots() {
				errs = append(errs, fmt.Errorf("an instance is busy %d times and idle %d times", m.busy, m.places))
			}
		}
		ending += s.live - running
		is("instances that have answered", s.answered, answered)
		if len(s.waiters) > 0 && len(s.idle) > 0 {
			errs = append(errs, fmt.Errorf("%d events wait and %d places are idle", len(s.waiters), len(s.idle)))
		}
		if s.starting > s.live || s.starting < 0 {
			errs = append(errs, fmt.Errorf("%d of %d instances are starting", s.starting, s.live))
		}
	}
	for _, f := range p.functions {
		if f.reserved == nil {
			unreserved += f.underWay
		}
		if f.underWay < 0 {
			errs = append(errs, fmt.Errorf("function %s has %d events under way", f.name, f.underWay))
		}
	}
	is("live instances", p.live, live)
	is("instances told to end", p.ending, ending)
	is("unreserved events", p.underWay, unreserved)
	if p.o.Instances > 0 && p.live > p.o.Instances {
		errs = append(errs, fmt.Errorf("%d instances are alive: at most %d may be", p.live, p.o.Instances))
	}
	return errors.Join(errs...)
}

// named is a configuration of a function.
func named(name string) *function.Config {
	return &function.Config{Name: name, Version: function.Latest, Revision: "1", Memory: 128, Timeout: 3 * time.Second}
}

func with(c *function.Config, change func(*function.Config)) *function.Config {
	c = c.Clone()
	change(c)
	return c
}
