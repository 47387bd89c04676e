package pool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"triptych/faas/function"
)

// Everything that can happen, in any order, many times: what must be so at any
// time is, nobody waits for ever, and nothing is left.
func TestAnythingInAnyOrder(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			chance := rand.New(rand.NewPCG(seed, 5))
			o := Options[*fake]{Concurrency: 20, Starting: 3, KeepAlive: 30 * time.Millisecond}
			if seed%2 == 1 {
				o.Instances = 6
			}
			m := &machine{startTakes: 2 * time.Millisecond, closeTakes: time.Millisecond}
			var mu sync.Mutex
			random := func(n int) int {
				mu.Lock()
				defer mu.Unlock()
				return chance.IntN(n)
			}
			m.failStart = func(*fake) error {
				if random(20) == 0 {
					return errors.New("broken")
				}
				return nil
			}
			try(t, o, m, func(b bench) { hammer(b, random) })
		})
	}
}

func hammer(b bench, random func(int) int) {
	var g sync.WaitGroup
	for range 40 {
		g.Go(func() {
			for range 50 {
				time.Sleep(time.Duration(random(5)) * time.Millisecond)
				if random(30) == 0 {
					change(b, random)
				} else {
					event(b, some(random), random)
				}
			}
		})
	}
	over := make(chan struct{})
	checked := make(chan struct{})
	go func() {
		defer close(checked)
		begin := time.Now()
		for {
			if time.Since(begin) > time.Minute {
				panic(fmt.Sprintf("somebody waits for ever: %+v", b.pool.Counts()))
			}
			select {
			case <-over:
				return
			case <-time.After(100 * time.Microsecond):
				b.check()
			}
		}
	}()
	g.Wait()
	close(over)
	<-checked
	for name := range 4 {
		b.pool.Reserve(fmt.Sprint(name), nil)
	}
	b.pool.Retire(func(c *function.Config) bool { return false })
	synctest.Wait()
	for c, n := range b.pool.Counts() {
		if n.Waiting+n.UnderWay > 0 {
			b.Errorf("function %s: %+v, want nobody who waits or works", c.Name, n)
		}
	}
}

// some is a configuration of one of four functions; one takes several events.
func some(random func(int) int) *function.Config {
	n := random(4)
	return with(named(fmt.Sprint(n)), func(c *function.Config) {
		c.Revision = fmt.Sprint(random(2))
		if n == 3 {
			c.Runner.MaxConcurrency = 3
		}
	})
}

// change is what an operator does.
func change(b bench, random func(int) int) {
	c := some(random)
	switch n := random(4); random(3) {
	case 0:
		b.pool.Retire(func(old *function.Config) bool { return old.Name == c.Name && old.Revision != c.Revision })
	case 1:
		b.pool.Provision(c, n)
	default:
		b.pool.Reserve(c.Name, map[bool]*int{true: &n}[random(2) == 0])
	}
}

// event is one event and what can go wrong with it.
func event(b bench, c *function.Config, random func(int) int) {
	ctx, cancel := context.WithTimeout(b.Context(), time.Duration(random(8))*time.Millisecond)
	defer cancel()
	if random(2) == 0 {
		ctx = b.Context()
	}
	l, err := b.pool.Acquire(ctx, c)
	if err != nil {
		return
	}
	if l.Env.config.Revision != c.Revision {
		b.Errorf("an event was placed on an instance of another revision")
	}
	time.Sleep(time.Duration(random(3)) * time.Millisecond)
	soon := time.Now().Add(5 * time.Millisecond)
	switch random(12) {
	case 0: // it is too slow, or crashes
		l.Env.die()
		l.End(soon)
	case 1: // it answers, and crashes a little later
		l.End(soon)
		time.Sleep(time.Millisecond)
		l.Env.die()
	case 2: // it does not ask again
		l.End(soon)
	case 3: // its connection breaks
		l.Miss()
		l.Env.poll()
	case 4, 5, 6: // it asks again before the answer is through
		l.Env.poll()
		l.End(soon)
	default:
		l.End(soon)
		l.Env.poll()
	}
}
