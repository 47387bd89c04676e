package conformance

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// A try is one run of one scenario: who notes what went wrong, and the suite
// whose shop is being asked.
type try struct {
	*suite
	ctx context.Context // of this scenario alone; it ends with it

	mu       sync.Mutex
	problems []string
	notes    []string
	over     atomic.Bool // something went wrong that nothing after it can do without
}

// run tries one scenario. Whatever happens in it, also a panic, is its result.
func (s *suite) run(ctx context.Context, c scenario) Result {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	t := &try{suite: s, ctx: ctx}
	start := time.Now()
	t.apart(func() { c.run(t) })
	return Result{c.section, c.name, t.problems, t.notes, time.Since(start)}
}

// apart calls f in a goroutine of its own and waits, so that fatalf can end it.
func (t *try) apart(f func()) {
	var wg sync.WaitGroup
	wg.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				t.errorf("panic: %v\n%s", p, debug.Stack())
				t.over.Store(true)
			}
		}()
		f()
	})
	wg.Wait()
}

// errorf notes what is wrong, and goes on.
func (t *try) errorf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	const enough = 20 // the first few say it all
	if len(t.problems) < enough {
		t.problems = append(t.problems, fmt.Sprintf(format, args...))
	}
}

// fatalf notes what is wrong and ends the scenario, or, within together, the
// part of it that calls.
func (t *try) fatalf(format string, args ...any) {
	t.errorf(format, args...)
	t.over.Store(true)
	runtime.Goexit()
}

// notef notes what a reader of the result should know although it is not wrong.
func (t *try) notef(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// must ends the scenario when something did not work at all.
func (t *try) must(err error) {
	if err != nil {
		t.fatalf("%v", err)
	}
}

// equal notes when got is not what was wanted.
func equal[V comparable](t *try, what string, got, want V) {
	if got != want {
		t.errorf("%s is %v, want %v", what, got, want)
	}
}

// together calls f n times at once, with 0 to n−1, and ends the scenario
// afterwards when one of them was fatal.
func (t *try) together(n int, f func(i int)) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			t.apart(func() { f(i) })
		})
	}
	close(start)
	wg.Wait()
	if t.over.Load() {
		runtime.Goexit()
	}
}

// eventually asks until the answer is yes, as long as the shop may take to
// settle; it notes when it never is. what completes "it never came about that …".
func (t *try) eventually(what string, yes func() bool) {
	deadline := time.Now().Add(t.target.Settle)
	for !yes() {
		if time.Now().After(deadline) {
			t.fatalf("within %v it never came about that %s", t.target.Settle, what)
		}
		select {
		case <-t.ctx.Done():
			t.fatalf("waiting until %s: %v", what, t.ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
