package pool

import (
	"testing"
	"testing/synctest"
	"time"

	"triptych/faas/function"
)

func TestAChangeWhileEventsAreWorkedOnAndWait(t *testing.T) {
	m := &machine{}
	try(t, Options[*fake]{}, m, func(b bench) {
		next := with(hello, func(c *function.Config) { c.Revision = "2" })
		busy := b.acquire(hello)
		m.startTakes = time.Second
		waiting := make(chan *Lease[*fake])
		go func() { waiting <- b.acquire(hello) }()
		synctest.Wait()

		begin := time.Now()
		b.pool.Retire(func(c *function.Config) bool { return c.Revision != "2" })
		late := <-waiting
		if took := time.Since(begin); took != time.Second || late.Env == busy.Env {
			b.Errorf("who waited got an instance after %s, want what was being started", took)
		}
		if l := b.acquire(next); l.Env.config != next {
			b.Error("an event was placed on an instance of another configuration")
		}
		for _, l := range []*Lease[*fake]{busy, late} {
			if !l.Env.isAlive() {
				b.Error("an instance ended before its event did")
			}
			b.answer(l)
			synctest.Wait()
			if l.Env.isAlive() {
				b.Error("an instance of an old configuration lives on when it has answered")
			}
		}
	})
}

func TestAChangeEndsWhatIsIdleAtOnce(t *testing.T) {
	try(t, Options[*fake]{}, &machine{}, func(b bench) {
		env := b.invoke(hello, 0)
		gone := b.acquire(hello)
		gone.Env.die()
		b.end(gone)
		other := b.invoke(named("other"), 0)
		b.pool.Retire(func(c *function.Config) bool { return c.Name == "hello" })
		synctest.Wait()
		if env.isAlive() || b.closed != 1 || !other.isAlive() {
			b.Errorf("%d environments were closed: want the one that is out of date", b.closed)
		}
		if _, there := b.pool.sets[keyOf(hello)]; there {
			b.Error("its set is left")
		}
	})
}

func TestAChangeWhileNobodyWaitsForAStart(t *testing.T) {
	m := &machine{startTakes: time.Second}
	try(t, Options[*fake]{}, m, func(b bench) {
		b.pool.Provision(hello, 1)
		synctest.Wait()
		b.pool.Retire(func(*function.Config) bool { return true })
		time.Sleep(time.Second)
		synctest.Wait()
		if n := b.processes(); n != 0 || len(b.made) != 1 {
			b.Errorf("%d processes of %d are left: want none", n, len(b.made))
		}
	})
}

// One slot asks again while another one works: a change must not end the work.
func TestAChangeWhileOneOfSeveralEventsIsAnswered(t *testing.T) {
	two := with(hello, func(c *function.Config) { c.Runner.MaxConcurrency = 2 })
	try(t, Options[*fake]{}, &machine{}, func(b bench) {
		l1, l2 := b.acquire(two), b.acquire(two)
		if l1.Env != l2.Env {
			b.Fatal("two events took two instances")
		}
		b.pool.Retire(func(*function.Config) bool { return true })
		b.answer(l1)
		synctest.Wait()
		if !l2.Env.isAlive() {
			b.Error("the instance ended with an event in it")
		}
		b.answer(l2)
		synctest.Wait()
		if l2.Env.isAlive() {
			b.Error("the instance lives on")
		}
	})
}

// The process asks for its next event before the lease of the last has ended,
// as it mostly does.
func TestAChangeBetweenTheAnswerAndTheNextPoll(t *testing.T) {
	try(t, Options[*fake]{}, &machine{}, func(b bench) {
		l := b.acquire(hello)
		b.pool.Retire(func(*function.Config) bool { return true })
		l.Env.poll()
		synctest.Wait()
		if !l.Env.isAlive() {
			b.Error("it ended before its event did")
		}
		b.end(l)
		synctest.Wait()
		if l.Env.isAlive() {
			b.Error("it lives on")
		}
	})
}
