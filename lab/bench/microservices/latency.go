package main

import (
	"context"
	"time"

	"triptych/lab/bench/measure"
)

// latency measures how long it takes until a customer is told that their order
// is final, at a constant rate of orders.
func (b *bench) latency(ctx context.Context) error {
	r, s, err := b.services(ctx, "latency", nil)
	if err != nil {
		return err
	}
	defer r.stop()
	if err := b.warm(ctx, &r, b.rate); err != nil {
		return err
	}
	t, err := r.orders(ctx, b.rate, b.during)
	if err != nil {
		return err
	}
	if err := still(r.parts, partsOf(s)); err != nil {
		return err
	}
	b.say("\nUntil an order is final, %d a second for %s, each from when it was due\n\n", b.rate, b.during)
	measure.Row(b.out, "orders", "p50, ms", "p95, ms", "p99, ms", "max, ms", "late, ms")
	p50, p95, p99, longest := t.Quantile(0.5), t.Quantile(0.95), t.Quantile(0.99), t.Quantile(1)
	measure.Row(b.out, t.Done, ms(p50), ms(p95), ms(p99), ms(longest), ms(t.Late))
	b.say("\n\"Late\" is how much later than due this program sent an order at the worst; it is in the other figures.\n")
	b.found("order final, p50, ms", measure.Tenths, "25 at most", milliseconds(p50))
	b.found("order final, p95, ms", measure.Tenths, "", milliseconds(p95))
	b.found("order final, p99, ms", measure.Tenths, "120 at most", milliseconds(p99))
	b.found("order final, the longest, ms", measure.Tenths, "", milliseconds(longest))
	return nil
}

// orders has customers buy at a constant rate for a while.
func (r rig) orders(ctx context.Context, rate int, during time.Duration) (measure.Tally, error) {
	return r.Arrivals(ctx, rate, during, func(c *measure.Customer) error {
		_, err := r.Place(c)
		return err
	})
}

func ms(d time.Duration) string { return measure.Milliseconds(d) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
