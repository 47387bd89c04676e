package pool

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"triptych/faas/function"
)

func reason(err error) string {
	if e, ok := errors.AsType[*function.Error](err); ok {
		return e.Reason
	}
	return "no reason"
}

func TestLimitsOfConcurrency(t *testing.T) {
	try(t, Options[*fake]{Concurrency: 10}, &machine{}, func(b bench) {
		four, none := 4, 0
		b.pool.Reserve("four", &four)
		b.pool.Reserve("none", &none)
		for range 4 {
			b.acquire(named("four"))
		}
		var last *Lease[*fake]
		for range 6 { // what is not reserved
			last = b.acquire(named("other"))
		}
		for name, want := range map[string]string{"four": function.ReservedLimit, "none": function.ReservedLimit, "other": function.ConcurrentLimit, "new": function.ConcurrentLimit} {
			if _, err := b.pool.Acquire(b.Context(), named(name)); reason(err) != want {
				b.Errorf("function %s got the reason %s, want %s", name, reason(err), want)
			}
		}
		b.answer(last)
		b.acquire(named("new"))
		b.pool.Reserve("four", nil) // what it has under way now counts with the others
		if _, err := b.pool.Acquire(b.Context(), named("four")); reason(err) != function.ConcurrentLimit {
			b.Errorf("after its reservation was taken, function four got the reason %s", reason(err))
		}
		b.check()
		b.pool.Reserve("none", nil)
	})
}

func TestMoreIsReservedWhileEventsWait(t *testing.T) {
	m := &machine{startTakes: time.Second, closeTakes: time.Hour}
	try(t, Options[*fake]{KeepAlive: time.Minute}, m, func(b bench) {
		one, two := 1, 2
		b.pool.Reserve("hello", &one)
		b.invoke(hello, 0)
		time.Sleep(time.Minute)
		synctest.Wait() // the only instance that there may be is going
		begin := time.Now()
		got := make(chan *Lease[*fake])
		go func() { got <- b.acquire(hello) }()
		synctest.Wait()
		if c := b.counts(hello); c.Starting != 0 || c.Waiting != 1 {
			b.Errorf("counts %+v: want one who waits", c)
		}
		b.pool.Reserve("hello", &two)
		<-got
		if took := time.Since(begin); took != time.Second {
			b.Errorf("the event waited %s, want one start", took)
		}
		b.pool.Reserve("hello", nil)
	})
}

// A burst of 10,000 against a cap of 10, of one function or of all, with
// processes that take time to come, to ask again and to go: neither the events
// under way nor the processes are ever more.
func TestABurstDoesNotPassTheCap(t *testing.T) {
	const limit = 10
	t.Run("of a function", func(t *testing.T) {
		m := &machine{startTakes: 3 * time.Millisecond, closeTakes: 2 * time.Millisecond}
		try(t, Options[*fake]{}, m, func(b bench) {
			n := limit
			b.pool.Reserve("hello", &n)
			burst(b, limit, function.ReservedLimit, hello)
			b.pool.Reserve("hello", nil)
		})
	})
	t.Run("of all functions", func(t *testing.T) {
		m := &machine{startTakes: 3 * time.Millisecond, closeTakes: 2 * time.Millisecond}
		try(t, Options[*fake]{Concurrency: limit, Instances: limit}, m, func(b bench) {
			burst(b, limit, function.ConcurrentLimit, named("a"), named("b"), named("c"))
		})
	})
}

func burst(b bench, limit int64, why string, functions ...*function.Config) {
	const size = 10_000
	var underWay, most, ran, refused atomic.Int64
	var g sync.WaitGroup
	for i := range size {
		g.Go(func() {
			time.Sleep(time.Duration(i%100) * 100 * time.Microsecond)
			l, err := b.pool.Acquire(b.Context(), functions[i%len(functions)])
			if err != nil {
				if reason(err) != why {
					b.Error(err)
				}
				refused.Add(1)
				return
			}
			ran.Add(1)
			n := underWay.Add(1)
			for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
			time.Sleep(time.Duration(i%7) * time.Millisecond)
			underWay.Add(-1)
			if i%11 == 0 {
				l.Env.die() // some crash
			}
			l.End(time.Now().Add(time.Second))
			if l.Env.isAlive() {
				time.Sleep(time.Duration(i%3) * time.Millisecond)
				l.Env.poll()
			}
		})
	}
	g.Wait()
	synctest.Wait()
	if most.Load() > limit || b.most > int(limit) {
		b.Errorf("%d events and %d processes at a time, want at most %d", most.Load(), b.most, limit)
	}
	if ran.Load()+refused.Load() != size || ran.Load() < limit {
		b.Errorf("%d ran and %d were refused of %d", ran.Load(), refused.Load(), size)
	}
	b.check()
}

func TestAProcessThatIsGoingCounts(t *testing.T) {
	m := &machine{closeTakes: 500 * time.Millisecond}
	try(t, Options[*fake]{KeepAlive: time.Minute}, m, func(b bench) {
		one := 1
		b.pool.Reserve("hello", &one)
		b.invoke(hello, 0)
		time.Sleep(time.Minute)
		synctest.Wait()
		begin := time.Now()
		b.acquire(hello)
		if took := time.Since(begin); took != 500*time.Millisecond || m.most != 1 {
			b.Errorf("after %s there was an instance, %d at a time: want it when the first had gone", took, m.most)
		}
		b.pool.Reserve("hello", nil)
	})
}

func TestInstancesOfAllFunctionsAreBounded(t *testing.T) {
	m := &machine{startTakes: time.Millisecond, closeTakes: time.Millisecond}
	try(t, Options[*fake]{Instances: 3}, m, func(b bench) {
		var envs []*fake
		for _, name := range []string{"a", "b", "c"} {
			envs = append(envs, b.invoke(named(name), time.Millisecond))
		}
		envs[0] = b.invoke(named("a"), time.Millisecond) // now b is idle longest
		b.invoke(named("d"), time.Millisecond)
		synctest.Wait()
		for i, want := range []bool{true, false, true} {
			if envs[i].isAlive() != want {
				b.Errorf("function %c has an instance: %v, want %v", 'a'+i, !want, want)
			}
		}
		synctest.Wait()
		if m.most > 3 {
			b.Errorf("there were %d processes, want at most 3", m.most)
		}
	})
}

func TestWhoFindsNoRoomGetsWhatIsIdleNext(t *testing.T) {
	try(t, Options[*fake]{Instances: 2}, &machine{closeTakes: time.Millisecond}, func(b bench) {
		kept := named("kept")
		b.pool.Provision(kept, 1) // and is not ended to make room
		synctest.Wait()
		busy := b.acquire(named("a"))
		got := make(chan *Lease[*fake], 2)
		for _, name := range []string{"b", "c"} {
			go func() { got <- b.acquire(named(name)) }()
			synctest.Wait()
		}
		if c := b.counts(named("b")); c.Waiting != 1 || c.Instances != 0 {
			b.Errorf("counts %+v: want one who waits", c)
		}
		b.answer(busy)
		first := <-got
		if first.Env.config.Name != "b" {
			b.Errorf("function %s was next, want b, which waits longest", first.Env.config.Name)
		}
		b.answer(first)
		b.answer(<-got)
		if c := b.counts(kept); c.Idle != 1 {
			b.Errorf("counts %+v of what is provisioned: want one idle", c)
		}
	})
}

func TestProvisionedInstancesDoNotKeepEventsFromRunning(t *testing.T) {
	try(t, Options[*fake]{Instances: 2}, &machine{closeTakes: time.Millisecond}, func(b bench) {
		b.pool.Provision(named("kept"), 3) // more than there may be
		b.invoke(hello, time.Second)
		time.Sleep(time.Second)
		if c := b.counts(named("kept")); c.Idle != 2 {
			b.Errorf("counts %+v of what is provisioned: want as many as there may be", c)
		}
	})
}

func TestInstancesThatTakeSeveralEvents(t *testing.T) {
	four := with(hello, func(c *function.Config) { c.Runner.MaxConcurrency = 4 })
	m := &machine{startTakes: time.Second}
	try(t, Options[*fake]{}, m, func(b bench) {
		cap := 8
		b.pool.Reserve("hello", &cap)
		leases := make(chan *Lease[*fake], 8)
		for range 8 {
			go func() { leases <- b.acquire(four) }()
		}
		synctest.Wait()
		if c := b.counts(four); c.Starting != 2 || c.Waiting != 8 {
			b.Errorf("counts %+v: want 2 starts for 8 events", c)
		}
		var all []*Lease[*fake]
		for range 8 {
			all = append(all, <-leases)
		}
		if c := b.counts(four); c.Instances != 2 || c.UnderWay != 8 {
			b.Errorf("counts %+v: want 8 events on 2 instances", c)
		}
		dies := all[0].Env
		dies.die()
		for _, l := range all {
			b.end(l)
			if l.Env != dies {
				l.Env.poll()
			}
		}
		if c := b.counts(four); c.Instances != 1 || c.Idle != 1 {
			b.Errorf("counts %+v: want the other, idle", c)
		}
		if l := b.acquire(four); l.Env == dies {
			b.Error("an event was placed on an instance that has ended")
		}
		synctest.Wait()
		if m.most > 2 {
			b.Errorf("there were %d processes, want at most 2", m.most)
		}
		b.pool.Reserve("hello", nil)
	})
}

func TestAnInstanceAsksForItsEventsOneByOne(t *testing.T) {
	four := with(hello, func(c *function.Config) { c.Runner.MaxConcurrency = 4 })
	for name, m := range map[string]*machine{
		"for all":                          {startTakes: time.Millisecond, pollTakes: time.Millisecond},
		"for one, whatever it was told to": {startTakes: time.Millisecond, polls: 1},
	} {
		t.Run(name, func(t *testing.T) {
			try(t, Options[*fake]{}, m, func(b bench) {
				var g sync.WaitGroup
				for range 4 {
					g.Go(func() { b.acquire(four) })
				}
				g.Wait()
				want := 1
				if m.polls == 1 {
					want = 4
				}
				if n := len(b.made); n != want {
					b.Errorf("%d instances were started for 4 events, want %d", n, want)
				}
			})
		})
	}
}
