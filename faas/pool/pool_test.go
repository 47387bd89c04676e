package pool

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"triptych/faas/function"
	"triptych/faas/runtimeapi"
)

var hello = named("hello")

func TestTheInstanceUsedLastIsUsedNext(t *testing.T) {
	try(t, Options[*fake]{}, &machine{}, func(b bench) {
		l1, l2, l3 := b.acquire(hello), b.acquire(hello), b.acquire(hello)
		b.answer(l2)
		b.answer(l3)
		b.answer(l1)
		for _, want := range []*fake{l1.Env, l3.Env, l2.Env} {
			l := b.acquire(hello)
			if l.Env != want {
				b.Errorf("environment %d was taken, want %d", l.Env.number, want.number)
			}
			if l.Waited {
				b.Error("it waited although an instance was idle")
			}
		}
	})
}

func TestAColdStartBeginsOnlyWhenNoneIsIdle(t *testing.T) {
	try(t, Options[*fake]{}, &machine{startTakes: time.Millisecond}, func(b bench) {
		for range 100 {
			b.invoke(hello, time.Millisecond)
		}
		if len(b.made) != 1 {
			b.Errorf("%d instances were made for events one after the other, want 1", len(b.made))
		}
		b.acquire(hello)
		b.acquire(hello)
		if len(b.made) != 2 {
			b.Errorf("%d instances were made for two events at a time, want 2", len(b.made))
		}
	})
}

func TestAnEventTakesWhicheverIsFreeFirst(t *testing.T) {
	try(t, Options[*fake]{}, &machine{startTakes: time.Second}, func(b bench) {
		first := b.acquire(hello)
		go func() {
			time.Sleep(100 * time.Millisecond)
			b.answer(first)
		}()
		begin := time.Now()
		second := b.acquire(hello)
		if took := time.Since(begin); second.Env != first.Env || took != 100*time.Millisecond {
			b.Errorf("environment %d was taken after %s, want that which was free after 100ms", second.Env.number, took)
		}
		if !second.Waited {
			b.Error("it did not say that it waited")
		}
		time.Sleep(time.Second)
		if got, want := b.counts(hello), (Count{Instances: 2, Idle: 1, UnderWay: 1}); got != want {
			b.Errorf("counts %+v, want %+v: the one started is idle", got, want)
		}
		third := b.acquire(hello)
		if third.Waited || third.Env == first.Env {
			b.Error("the one started is not used")
		}
	})
}

func TestWhoWaitsLongestIsFirst(t *testing.T) {
	m := &machine{}
	try(t, Options[*fake]{}, m, func(b bench) {
		first := b.acquire(hello)
		m.startTakes = time.Hour
		var order []int
		var g sync.WaitGroup
		for i := range 5 {
			g.Go(func() {
				l := b.acquire(hello)
				order = append(order, i) // one after the other, as there is one instance
				b.answer(l)
			})
			synctest.Wait()
		}
		b.answer(first)
		g.Wait()
		if !slices.Equal(order, []int{0, 1, 2, 3, 4}) {
			b.Errorf("events were placed in the order %v", order)
		}
	})
}

func TestAFailedStartIsTheAnswerToOne(t *testing.T) {
	broken := errors.New("its initialisation failed")
	n := 0
	m := &machine{}
	m.failStart = func(*fake) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		if n++; n == 1 {
			return broken
		}
		return nil
	}
	try(t, Options[*fake]{}, m, func(b bench) {
		var g sync.WaitGroup
		var failed []int
		for i := range 3 {
			m.startTakes = time.Duration(i+1) * time.Second // the one that fails is the first to be ready
			g.Go(func() {
				l, err := b.pool.Acquire(b.Context(), hello)
				if err != nil {
					failed = append(failed, i)
					return
				}
				b.answer(l)
			})
			synctest.Wait()
		}
		g.Wait()
		if len(failed) != 1 || failed[0] != 0 {
			b.Errorf("events %v failed, want the first alone", failed)
		}
		time.Sleep(time.Second) // until the third is ready
		if got, want := b.counts(hello), (Count{Instances: 2, Idle: 2}); got != want {
			b.Errorf("counts %+v, want %+v", got, want)
		}
	})
}

func TestACodeThatCannotBeFetched(t *testing.T) {
	missing := errors.New("the code is missing")
	synctest.Test(t, func(t *testing.T) {
		p := New(Options[*fake]{Concurrency: 10, Starting: 10, KeepAlive: time.Minute,
			New: func(context.Context, *function.Config, bool, func(*runtimeapi.Poll)) (*fake, error) {
				return nil, missing
			}})
		for range 3 {
			if _, err := p.Acquire(t.Context(), hello); !errors.Is(err, missing) {
				t.Errorf("got the error %v, want %v", err, missing)
			}
		}
		p.Close()
		if n := len(p.sets) + len(p.functions); n != 0 {
			t.Errorf("%d sets and functions are left", n)
		}
	})
}

func TestWhoStopsWaitingLeavesNothing(t *testing.T) {
	try(t, Options[*fake]{}, &machine{startTakes: time.Second}, func(b bench) {
		ctx, cancel := context.WithTimeout(b.Context(), 10*time.Millisecond)
		defer cancel()
		if _, err := b.pool.Acquire(ctx, hello); !errors.Is(err, context.DeadlineExceeded) {
			b.Fatalf("got the error %v", err)
		}
		if got, want := b.counts(hello), (Count{Instances: 1, Starting: 1}); got != want {
			b.Errorf("counts %+v, want %+v", got, want)
		}
		if b.pool.underWay != 0 {
			b.Errorf("%d events are under way", b.pool.underWay)
		}
		begin := time.Now()
		b.acquire(hello)
		if took := time.Since(begin); took != 990*time.Millisecond || len(b.made) != 1 {
			b.Errorf("the next waited %s, of %d instances: want the one that was being started", took, len(b.made))
		}
	})
}

// In the moment in which an event is placed, its caller goes away.
func TestAPlaceThatCameTooLateGoesToTheNext(t *testing.T) {
	try(t, Options[*fake]{}, &machine{startTakes: time.Hour}, func(b bench) {
		p := b.pool
		first := b.acquire(hello)
		p.mu.Lock()
		s := p.set(hello)
		w := &waiter[*fake]{answer: make(chan answer[*fake], 1)}
		_ = p.admit(s.limits)
		s.waiters = append(s.waiters, w)
		p.mu.Unlock()
		b.answer(first)
		got := make(chan *Lease[*fake])
		go func() { got <- b.acquire(hello) }()
		synctest.Wait()
		p.giveUp(s, w)
		if l := <-got; l.Env != first.Env {
			b.Error("the place did not go to the next")
		}
		if p.underWay != 1 {
			b.Errorf("%d events are under way, want 1", p.underWay)
		}
	})
}

func TestCloseWhateverTheInstancesDo(t *testing.T) {
	m := &machine{startTakes: time.Millisecond, closeTakes: 500 * time.Millisecond}
	try(t, Options[*fake]{}, m, func(b bench) {
		busy, idle, dormant := b.acquire(hello), b.acquire(hello), b.acquire(hello)
		b.answer(idle)
		dormant.Env.die()
		b.end(dormant)
		b.pool.Provision(named("kept"), 2)
		synctest.Wait()
		m.startTakes = time.Hour
		waiting := make(chan error, 3)
		for range 3 {
			go func() {
				_, err := b.pool.Acquire(b.Context(), named("slow"))
				waiting <- err
			}()
		}
		if got, want := b.counts(named("slow")), (Count{Instances: 3, Starting: 3, Waiting: 3}); got != want {
			b.Errorf("counts %+v, want %+v", got, want)
		}
		b.pool.Close()
		for range 3 {
			if err := <-waiting; function.From(err).Status != 429 {
				b.Errorf("who waited got %v", err)
			}
		}
		b.end(busy)
		if _, err := b.pool.Acquire(b.Context(), hello); function.From(err).Status != 429 {
			b.Errorf("who came too late got %v", err)
		}
	})
}
