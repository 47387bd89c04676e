package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"triptych/lab/bench/measure"
)

// starters is how many have functions started at once, and apiece how many
// functions each of them calls in turn, so that every call finds that the last
// instance has ended.
const (
	starters = 8
	apiece   = 4
)

// starts measures how many cold starts there are in a second.
func (b *bench) starts(ctx context.Context) error {
	r, err := b.runner(ctx)
	if err != nil {
		return err
	}
	defer r.stop()
	for n := range starters * apiece {
		if err := r.deploy(ctx, functionName(n), b.hello, brief); err != nil {
			return err
		}
	}
	var rates []float64
	var warm, all int
	for range b.rounds {
		colds, calls, err := b.burst(ctx, r)
		if err != nil {
			return err
		}
		rates = append(rates, float64(colds)/b.each.Seconds())
		warm, all = warm+calls-colds, all+calls
	}
	b.say("  %d of %d calls found an instance and are not counted\n", warm, all)
	b.figures(fmt.Sprintf("cold starts per second, %d callers", starters), "300", "500", measure.Whole, rates)
	return nil
}

func functionName(n int) string { return fmt.Sprintf("hello-%d", n) }

// burst has cold starts for a while, and returns how many there were.
func (b *bench) burst(ctx context.Context, r *runner) (colds, calls int, err error) {
	g, ctx := errgroup.WithContext(ctx)
	cold, all := make([]int, starters), make([]int, starters)
	end := time.Now().Add(b.each)
	for i := range starters {
		g.Go(func() error {
			c, err := dial(ctx, r.addr, tail)
			if err != nil {
				return err
			}
			defer c.Close()
			phases := &phases{caller: c}
			for n := 0; time.Now().Before(end) && ctx.Err() == nil; n++ {
				if _, err := c.hello(functionName(i*apiece + n%apiece)); err != nil {
					return err
				}
				all[i]++
				switch err := phases.read(); {
				case err == nil:
					cold[i]++
				case !errors.Is(err, errWarm):
					return err
				}
			}
			return ctx.Err()
		})
	}
	err = g.Wait()
	for i := range starters {
		colds, calls = colds+cold[i], calls+all[i]
	}
	return colds, calls, err
}

// A share is what a round of many callers says of one server.
type share struct {
	rate           float64 // calls in a second
	own, functions float64 // microseconds of processor time for a call
}

// throughput measures warm calls of several callers at once, in turns.
func (b *bench) throughput(ctx context.Context) error {
	runner, minimal, echo, stop, err := b.ladder(ctx, b.callers)
	if err != nil {
		return err
	}
	defer stop()
	together := &rung{server: runner.server, call: func(c *caller) (time.Duration, error) { return c.hello(shared) }}
	rungs := []*rung{runner, minimal, echo, together}
	shares := make([][]share, len(rungs))
	for round := range b.rounds + 1 {
		for n := range rungs {
			n = (n + round) % len(rungs)
			now, err := b.share(ctx, rungs[n])
			if err != nil {
				return fmt.Errorf("%s: %w", rungs[n].name, err)
			}
			if round > 0 { // the first warms up
				shares[n] = append(shares[n], now)
			}
		}
	}
	rate := func(s share) float64 { return s.rate }
	own := func(s share) float64 { return s.own }
	functions := func(s share) float64 { return s.functions }
	var halves []float64
	for i, s := range shares[0] {
		halves = append(halves, s.rate/shares[2][i].rate)
	}
	b.figures(fmt.Sprintf("warm calls per second, %d callers", b.callers), "8000", "12000", measure.Whole, each(shares[0], rate))
	b.figures(fmt.Sprintf("  %d events an instance", b.callers), "", "", measure.Whole, each(shares[3], rate))
	b.figures("  through the minimal server", "", "", measure.Whole, each(shares[1], rate))
	b.figures("  net/http echo", "", "", measure.Whole, each(shares[2], rate))
	b.figures("  what the function alone would leave room for", "", "", measure.Whole, each(shares[0], room))
	b.figures("processor time of such a call: runner (µs)", "", "", measure.Tenths, each(shares[0], own))
	b.figures("  its function (µs)", "", "", measure.Tenths, each(shares[0], functions))
	b.figures(fmt.Sprintf("  with %d events an instance: runner (µs)", b.callers), "", "", measure.Tenths, each(shares[3], own))
	b.figures("  its function (µs)  ", "", "", measure.Tenths, each(shares[3], functions))
	b.figures("  the minimal server (µs)", "", "", measure.Tenths, each(shares[1], own))
	b.figures("  its function (µs) ", "", "", measure.Tenths, each(shares[1], functions))
	b.figures("  net/http echo (µs)", "", "", measure.Tenths, each(shares[2], own))
	b.atLeast(fmt.Sprintf("throughput at %d callers by that of net/http echo", b.callers), measure.Median(halves), 0.5)
	return nil
}

// room is how many calls there could be in a second if nothing but the
// function took processor time.
func room(s share) float64 { return float64(runtime.NumCPU()) * 1e6 / s.functions }

func each(shares []share, of func(share) float64) (values []float64) {
	for _, s := range shares {
		values = append(values, of(s))
	}
	return values
}

// share has many call one server for a while.
func (b *bench) share(ctx context.Context, r *rung) (share, error) {
	used, err := measure.Clock([]measure.Part{{Name: "own", Pid: r.pid()}, {Name: "all", Pid: r.pid(), Family: true}})
	if err != nil {
		return share{}, err
	}
	done, err := b.crowd(ctx, r, b.callers)
	if err != nil {
		return share{}, err
	}
	times, err := used()
	if err != nil {
		return share{}, err
	}
	perCall := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(done) }
	return share{float64(done) / b.each.Seconds(), perCall(times["own"]), perCall(times["all"] - times["own"])}, nil
}

// crowd has several call for a while, and returns how many calls there were.
func (b *bench) crowd(ctx context.Context, r *rung, callers int) (int, error) {
	g, ctx := errgroup.WithContext(ctx)
	done := make([]int, callers)
	end := time.Now().Add(b.each)
	for i := range done {
		g.Go(func() error {
			c, err := dial(ctx, r.addr, "")
			if err != nil {
				return err
			}
			defer c.Close()
			for time.Now().Before(end) && ctx.Err() == nil {
				if _, err := r.call(c); err != nil {
					return err
				}
				done[i]++
			}
			return ctx.Err()
		})
	}
	err := g.Wait()
	sum := 0
	for _, n := range done {
		sum += n
	}
	return sum, err
}
