package pool

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"triptych/faas/function"
)

func TestIdleInstancesEndExactlyInTime(t *testing.T) {
	const usual = 5 * time.Minute
	for name, c := range map[string]*function.Config{
		"the runner's":   hello,
		"the function's": with(hello, func(c *function.Config) { c.Runner.KeepAlive = 90 * time.Second }),
	} {
		t.Run(name, func(t *testing.T) {
			keep := usual
			if d := c.Runner.KeepAlive; d > 0 {
				keep = d
			}
			try(t, Options[*fake]{KeepAlive: usual}, &machine{}, func(b bench) {
				l1, l2 := b.acquire(c), b.acquire(c)
				b.answer(l1)
				time.Sleep(time.Minute)
				b.answer(l2)
				b.invoke(c, time.Second) // l2's is used and idle again
				time.Sleep(keep - time.Minute - time.Second - time.Nanosecond)
				synctest.Wait()
				if !l1.Env.isAlive() {
					b.Error("an instance ended too early")
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				if l1.Env.isAlive() || !l2.Env.isAlive() {
					b.Error("the one idle long enough has to end, and no other")
				}
				time.Sleep(time.Minute + time.Second - time.Nanosecond)
				synctest.Wait()
				if !l2.Env.isAlive() {
					b.Error("the second ended too early")
				}
				time.Sleep(time.Nanosecond)
				synctest.Wait()
				if n := b.processes(); n != 0 || len(b.pool.sets) != 0 {
					b.Errorf("%d instances and %d sets are left: want zero", n, len(b.pool.sets))
				}
			})
		})
	}
}

func TestAWarmInstanceTouchesNoTimer(t *testing.T) {
	try(t, Options[*fake]{}, &machine{}, func(b bench) {
		b.invoke(hello, 0)
		s := b.pool.sets[keyOf(hello)]
		due := s.due
		for range 100 {
			time.Sleep(time.Millisecond)
			b.invoke(hello, 0)
		}
		if !s.due.Equal(due) {
			b.Errorf("the timer was set %s later", s.due.Sub(due))
		}
	})
}

func TestAnEndedProcessIsStartedAgainInItsEnvironment(t *testing.T) {
	try(t, Options[*fake]{}, &machine{startTakes: time.Millisecond}, func(b bench) {
		for i := range 200 { // as a timeout: the process is gone before the event ends
			l := b.acquire(hello)
			l.Env.die()
			b.end(l)
			if l.Env.starts != i+1 {
				b.Errorf("it was started %d times, want %d", l.Env.starts, i+1)
			}
		}
		env := b.invoke(hello, 0)
		env.die() // while it is idle
		if got, want := b.counts(hello), (Count{}); got != want {
			b.Errorf("counts %+v, want %+v", got, want)
		}
		if again := b.invoke(hello, 0); again != env || len(b.made) != 1 {
			b.Error("another environment was made")
		}
		env.die()
		synctest.Wait()
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if b.closed != 1 {
			b.Error("an environment without a process was kept longer than one with")
		}
	})
}

// A member's event outlives its process for a moment: the environment is not
// used again before that event has ended.
func TestAnEnvironmentIsNotStartedWhileAnEventIsInIt(t *testing.T) {
	try(t, Options[*fake]{}, &machine{}, func(b bench) {
		l := b.acquire(hello)
		l.Env.die()
		synctest.Wait()
		if other := b.acquire(hello); other.Env == l.Env {
			b.Error("it was started with an event in it")
		}
		b.end(l)
		if next := b.acquire(hello); next.Env != l.Env {
			b.Error("it was not started afterwards")
		}
	})
}

func TestWhoDoesNotAskAgainIsEnded(t *testing.T) {
	try(t, Options[*fake]{}, &machine{startTakes: time.Millisecond}, func(b bench) {
		l := b.acquire(hello)
		deadline := time.Now().Add(3 * time.Second)
		time.Sleep(time.Second)
		b.leases.all = map[*Lease[*fake]]bool{}
		l.End(deadline)
		other := b.acquire(hello)
		if other.Env == l.Env {
			b.Error("an event was placed on an instance that has not asked for it")
		}
		b.answer(other)
		time.Sleep(time.Until(deadline) - time.Nanosecond)
		synctest.Wait()
		if !l.Env.isAlive() {
			b.Error("it ended before its deadline")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if l.Env.isAlive() || !other.Env.isAlive() {
			b.Error("at its deadline it has to end, and nobody else")
		}
	})
}

func TestAnEventThatComesRightAfterAnAnswer(t *testing.T) {
	m := &machine{startTakes: 10 * time.Millisecond}
	try(t, Options[*fake]{}, m, func(b bench) {
		l := b.acquire(hello)
		for range 3 {
			b.end(l)
			go func() { time.Sleep(askAgain - time.Nanosecond); l.Env.poll() }()
			l = b.acquire(hello)
		}
		if len(b.made) != 1 {
			b.Errorf("%d instances were made, want 1: it asked for its next event soon", len(b.made))
		}
		b.end(l)
		begin := time.Now()
		other := b.acquire(hello)
		if took := time.Since(begin); other.Env == l.Env || took != askAgain+m.startTakes {
			b.Errorf("it waited %s for an instance that does not ask, want %s and a start", took, askAgain)
		}
	})
}

func TestAPollThatWasLost(t *testing.T) {
	try(t, Options[*fake]{}, &machine{}, func(b bench) {
		l := b.acquire(hello)
		b.leases.all = map[*Lease[*fake]]bool{}
		l.Miss() // its connection had gone
		l.Env.poll()
		again := b.acquire(hello)
		if again.Env != l.Env {
			b.Error("the instance asked again and was not used")
		}
		b.answer(again)
		l.Env.poll() // the one before is lost
		if c := b.counts(hello); c.Idle != 1 {
			b.Errorf("counts %+v", c)
		}
		b.acquire(hello)
		if next := b.acquire(hello); next.Env == l.Env {
			b.Error("two events were placed on an instance that takes one")
		}
	})
}

func TestProvisionedInstances(t *testing.T) {
	m := &machine{startTakes: time.Second}
	try(t, Options[*fake]{KeepAlive: time.Minute}, m, func(b bench) {
		b.pool.Provision(hello, 2)
		time.Sleep(time.Second)
		if got, want := b.counts(hello), (Count{Instances: 2, Idle: 2, Provisioned: 2}); got != want {
			b.Fatalf("counts %+v, want %+v", got, want)
		}
		for _, f := range b.made {
			if !f.provisioned {
				b.Error("an environment does not know that it is provisioned")
			}
		}
		l1, l2, l3 := b.acquire(hello), b.acquire(hello), b.acquire(hello)
		if l1.Waited || l2.Waited || !l3.Waited || l3.Env.provisioned {
			b.Error("two events find an instance, the third one waits for one of the usual kind")
		}
		l1.Env.die() // and is replaced
		synctest.Wait()
		b.end(l1)
		if c := b.counts(hello); c.Provisioned != 2 {
			b.Errorf("counts %+v after a crash: want two that are provisioned", c)
		}
		b.answer(l2)
		b.answer(l3)
		time.Sleep(time.Hour)
		if got, want := b.counts(hello), (Count{Instances: 2, Idle: 2, Provisioned: 2}); got != want {
			b.Errorf("counts an hour later %+v, want %+v", got, want)
		}
		if !l1.Env.isAlive() || l3.Env.isAlive() {
			b.Error("the one that crashed is started again, the one of the usual kind ends")
		}
		b.pool.Provision(hello, 1)
		if got, want := b.counts(hello), (Count{Instances: 1, Idle: 1, Provisioned: 1}); got != want {
			b.Errorf("counts with one less %+v, want %+v", got, want)
		}
		b.pool.Provision(hello, 0)
		if got, want := b.counts(hello), (Count{}); got != want {
			b.Errorf("counts without %+v, want %+v", got, want)
		}
	})
}

func TestAnEventDoesNotTakeAProvisionedEnvironmentWithoutAProcess(t *testing.T) {
	try(t, Options[*fake]{}, &machine{startTakes: time.Millisecond}, func(b bench) {
		b.pool.Provision(hello, 1)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		b.made[0].die() // and is started again after a pause
		synctest.Wait()
		if env := b.invoke(hello, 0); env.provisioned || len(b.made) != 2 {
			b.Error("an event was placed in an environment that says that it is provisioned")
		}
		time.Sleep(soonestRetry)
		if c := b.counts(hello); c.Provisioned != 1 || !b.made[0].isAlive() {
			b.Errorf("counts %+v: want the first started again", c)
		}
	})
}

func TestProvisionedInstancesThatFailAreNotStartedWithoutAPause(t *testing.T) {
	m := &machine{startTakes: time.Millisecond}
	m.failStart = func(*fake) error { return errors.New("broken") }
	try(t, Options[*fake]{}, m, func(b bench) {
		b.pool.Provision(hello, 1)
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := len(b.made); n < 60 || n > 70 {
			b.Errorf("it was tried %d times in an hour, want about once a minute", n)
		}
		b.mu.Lock()
		m.failStart = nil
		b.mu.Unlock()
		time.Sleep(time.Minute)
		if c := b.counts(hello); c.Idle != 1 {
			b.Errorf("counts %+v when it is mended: want one idle", c)
		}
		before := len(b.made)
		for range 1000 { // it ends again and again, as soon as it has begun
			time.Sleep(5 * time.Millisecond)
			synctest.Wait()
			for _, f := range b.made {
				f.die()
			}
		}
		synctest.Wait()
		if n := b.made[before-1].starts; n > 6 || len(b.made) != before {
			b.Errorf("it was started %d times in 5 seconds", n)
		}
	})
}
