package main

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"triptych/lab/bench/measure"
)

const (
	deployed  = 20 // functions of the idle runner
	instances = 16 // of which the memory is measured
	ttl       = time.Second

	megabyte = 1e6
)

// idleness measures what the runner takes when it has functions, each of which
// has been called, and nobody calls any more.
func (b *bench) idleness(ctx context.Context) error {
	r, err := b.runner(ctx)
	if err != nil {
		return err
	}
	defer r.stop()
	c, err := dial(ctx, r.addr, "")
	if err != nil {
		return err
	}
	for n := range deployed {
		if err := r.deploy(ctx, functionName(n), b.hello, brief); err != nil {
			return err
		}
		if _, err := c.hello(functionName(n)); err != nil {
			return err
		}
	}
	if err := r.quiet(ctx); err != nil {
		return err
	}
	used, err := measure.Clock([]measure.Part{{Name: r.name, Pid: r.pid()}})
	if err != nil {
		return err
	}
	if err := pause(ctx, b.idle); err != nil {
		return err
	}
	times, err := used()
	if err != nil {
		return err
	}
	rss, err := measure.Memory(r.pid(), "VmRSS")
	if err != nil {
		return err
	}
	own, err := measure.Memory(r.pid(), "RssAnon")
	if err != nil {
		return err
	}
	family, err := r.functions()
	if err != nil {
		return err
	}
	b.figures(fmt.Sprintf("idle with %d functions: resident (MB)", deployed), "30", "20", measure.Tenths, []float64{float64(rss) / megabyte})
	b.figures("  of it not pages of the program (MB)", "", "", measure.Tenths, []float64{float64(own) / megabyte})
	b.figures(fmt.Sprintf("  processes of functions (beside %d of the runner)", len(r.helpers)), "0", "0", measure.Whole, []float64{float64(len(family))})
	b.figures("  processor (%)", "0.5", "", measure.Hundredths, []float64{100 * times[r.name].Seconds() / b.idle.Seconds()})
	return nil
}

// memory measures what warm instances take, in their processes and in the
// runner.
func (b *bench) memory(ctx context.Context) error {
	r, err := b.runner(ctx)
	if err != nil {
		return err
	}
	defer r.stop()
	if err := r.deploy(ctx, "hello", b.hello, 0); err != nil {
		return err
	}
	before, err := measure.Memory(r.pid(), "VmRSS")
	if err != nil {
		return err
	}
	n, err := r.spread(ctx, instances)
	if err != nil {
		return err
	}
	if err := pause(ctx, min(b.idle, 5*time.Second)); err != nil {
		return err
	}
	after, err := measure.Memory(r.pid(), "VmRSS")
	if err != nil {
		return err
	}
	family, err := r.functions()
	if err != nil {
		return err
	}
	var resident, shared []float64
	for pid := range family {
		rss, err := measure.Memory(pid, "VmRSS")
		if err != nil {
			return err
		}
		pss, err := measure.Proportional(pid)
		if err != nil {
			return err
		}
		resident, shared = append(resident, float64(rss)/megabyte), append(shared, float64(pss)/megabyte)
	}
	b.figures("memory of a warm instance: resident (MB)", "12", "8", measure.Tenths, resident)
	b.figures("  shared pages in parts (MB)", "", "", measure.Tenths, shared)
	b.figures("  and of the runner (MB)", "", "", measure.Tenths, []float64{float64(after-before) / megabyte / float64(n)})
	return nil
}

// spread calls hello by many at once until there are that many instances, and
// returns how many there are.
func (r *runner) spread(ctx context.Context, want int) (int, error) {
	for end := time.Now().Add(20 * time.Second); ; {
		g, ctx := errgroup.WithContext(ctx)
		for range want {
			g.Go(func() error {
				c, err := dial(ctx, r.addr, "")
				if err != nil {
					return err
				}
				defer c.Close()
				_, err = c.hello("hello")
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return 0, err
		}
		family, err := r.functions()
		if err != nil || len(family) >= want {
			return len(family), err
		}
		if time.Now().After(end) {
			return 0, fmt.Errorf("%d calls at once have only made %d instances", want, len(family))
		}
	}
}

// zero measures how much later than its time an idle instance is gone.
func (b *bench) zero(ctx context.Context) error {
	r, err := b.runner(ctx)
	if err != nil {
		return err
	}
	defer r.stop()
	if err := r.deploy(ctx, "hello", b.hello, ttl); err != nil {
		return err
	}
	c, err := dial(ctx, r.addr, tail)
	if err != nil {
		return err
	}
	check := &phases{caller: c}
	var late []time.Duration
	for range b.rounds {
		if _, err := c.hello("hello"); err != nil {
			return err
		}
		if err := check.read(); err != nil {
			return err
		}
		idle := time.Now()
		if err := r.quiet(ctx); err != nil {
			return err
		}
		late = append(late, time.Since(idle)-ttl)
	}
	b.times("scale to zero, after the 1 s of its keep-alive (ms)", "1000", "", late)
	return nil
}
