package main

import (
	"context"
	"errors"
	"fmt"
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

// throughput measures warm calls of several callers at once, in turns.
func (b *bench) throughput(ctx context.Context) error {
	runner, minimal, echo, stop, err := b.ladder(ctx, b.callers)
	if err != nil {
		return err
	}
	defer stop()
	rungs := []*rung{runner, minimal, echo}
	rates := make([][]float64, len(rungs))
	var halves []float64
	for round := range b.rounds + 1 {
		now := make([]float64, len(rungs))
		for n := range rungs {
			n = (n + round) % len(rungs)
			done, err := b.crowd(ctx, rungs[n], b.callers)
			if err != nil {
				return fmt.Errorf("%s: %w", rungs[n].name, err)
			}
			now[n] = float64(done) / b.each.Seconds()
		}
		if round == 0 { // warms up
			continue
		}
		for n := range rungs {
			rates[n] = append(rates[n], now[n])
		}
		halves = append(halves, now[0]/now[2])
	}
	b.figures(fmt.Sprintf("warm calls per second, %d callers", b.callers), "8000", "12000", measure.Whole, rates[0])
	b.figures("  through the minimal server", "", "", measure.Whole, rates[1])
	b.figures("  net/http echo", "", "", measure.Whole, rates[2])
	b.atLeast(fmt.Sprintf("throughput at %d callers by that of net/http echo", b.callers), measure.Median(halves), 0.5)
	return nil
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
