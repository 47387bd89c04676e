package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"triptych/faas/function"
	"triptych/lab/bench/measure"
)

// warmUp is how many calls are made before any is counted.
const warmUp = 200

// A rung is somebody whose warm calls are measured.
type rung struct {
	*server
	caller *caller
	call   func(*caller) (time.Duration, error)
	took   []time.Duration
}

func hello(c *caller) (time.Duration, error) { return c.hello("hello") }

func echoed(c *caller) (time.Duration, error) { return c.call("echo", event) }

// shared is hello with an instance that takes an event of each caller at once.
const shared = "shared"

// ladder starts the runner and what it is held against, each with as many
// processes of hello as there are callers.
func (b *bench) ladder(ctx context.Context, callers int) (runner, minimal, echo *rung, stop func(), err error) {
	var all []*rung
	stop = func() {
		for _, s := range all {
			s.stop()
		}
	}
	add := func(s *server, call func(*caller) (time.Duration, error)) (*rung, error) {
		g := &rung{server: s, call: call}
		all = append(all, g)
		var err error
		g.caller, err = dial(ctx, s.addr, "")
		return g, err
	}
	steps := func() error {
		r, err := b.runner(ctx)
		if err != nil {
			return err
		}
		if runner, err = add(r.server, hello); err != nil {
			return err
		}
		if err := r.deploy(ctx, "hello", b.hello, 0); err != nil {
			return err
		}
		if err := r.deployWith(ctx, shared, b.hello, function.Settings{MaxConcurrency: callers}); err != nil {
			return err
		}
		s, err := b.rival(ctx, "minimal server", "minimal", strconv.Itoa(callers), b.helloProgram())
		if err != nil {
			return err
		}
		if minimal, err = add(s, hello); err != nil {
			return err
		}
		if s, err = b.rival(ctx, "echo", "echo"); err != nil {
			return err
		}
		echo, err = add(s, echoed)
		return err
	}
	if err = steps(); err != nil {
		stop()
	}
	return runner, minimal, echo, stop, err
}

// warm measures calls of an instance that is there, one caller, in turns.
func (b *bench) warm(ctx context.Context) error {
	runner, minimal, echo, stop, err := b.ladder(ctx, 1)
	if err != nil {
		return err
	}
	defer stop()
	rungs := []*rung{runner, minimal, echo}
	for _, g := range rungs {
		if err := g.calls(ctx, warmUp); err != nil {
			return err
		}
		g.took = nil
	}
	// Short turns: what disturbs the machine lasts longer than one, and so
	// disturbs all alike.
	const turns = 20
	var medians []float64
	for range b.rounds * turns {
		for _, g := range rungs {
			if err := g.calls(ctx, max(1, b.calls/turns)); err != nil {
				return err
			}
		}
		n := max(1, b.calls/turns)
		medians = append(medians, p(last(runner.took, n), 0.5)/p(last(minimal.took, n), 0.5))
		slices.Reverse(rungs)
	}
	b.times("warm call over HTTP (ms)", "0.4 / 1.5", "0.25 / 0.8", runner.took)
	b.times("  through the minimal server (ms)", "", "", minimal.took)
	b.times("  net/http echo (ms)", "", "", echo.took)
	b.atMost("warm call by one through the minimal server, p50", p(runner.took, 0.5)/p(minimal.took, 0.5), 1.4)
	b.atMost("  the same, median of the turns' ratios", measure.Median(medians), 1.4)
	return nil
}

func last(times []time.Duration, n int) []time.Duration { return times[len(times)-n:] }

func (g *rung) calls(ctx context.Context, n int) error {
	for range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		took, err := g.call(g.caller)
		if err != nil {
			return fmt.Errorf("%s: %w", g.name, err)
		}
		g.took = append(g.took, took)
	}
	return nil
}

// nested measures a function that calls another by the official SDK, in the
// function.
func (b *bench) nested(ctx context.Context) error {
	r, err := b.runner(ctx)
	if err != nil {
		return err
	}
	defer r.stop()
	if err := r.deploy(ctx, "hello", b.hello, 0); err != nil {
		return err
	}
	if err := r.deploy(ctx, "caller", b.caller, 0); err != nil {
		return err
	}
	c, err := dial(ctx, r.addr, "")
	if err != nil {
		return err
	}
	var all []time.Duration
	for i := range b.rounds + 1 {
		ask, err := json.Marshal(map[string]any{"Function": "hello", "Event": event, "Times": b.calls})
		if err != nil {
			return err
		}
		if _, err := c.call("caller", string(ask)); err != nil {
			return err
		}
		var took []time.Duration
		if err := json.Unmarshal(c.body, &took); err != nil {
			return err
		}
		if i > 0 { // the first warms up
			all = append(all, took...)
		}
	}
	b.times("function to function, official SDK (ms)", "0.8 / 2.5", "0.5 / 1.5", all)
	return nil
}
