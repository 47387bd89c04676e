package main

import (
	"context"
	"os"
	"slices"
	"time"

	"triptych/lab/bench/measure"
)

// settling is how long the processors are read on after the last order: events
// are still on their way.
const settling = time.Second

// client is this process.
const client = "client"

// cost measures the processor time that orders take, of the microservices and of
// their rival, which are both up, in turns: so what the machine does meanwhile
// meets both alike. The load is the same, and low enough that neither has a
// queue.
func (b *bench) cost(ctx context.Context) error {
	ours, _, err := b.services(ctx, "cost", nil)
	if err != nil {
		return err
	}
	defer ours.stop()
	rival, err := b.rival(ctx)
	if err != nil {
		return err
	}
	defer rival.stop()
	for _, r := range []*rig{&ours, &rival} {
		if err := b.warm(ctx, r, b.load); err != nil {
			return err
		}
	}
	b.say("\nProcessor seconds per 1,000 orders, %d a second for %s each: all nine together, and %s\n\n", b.load, b.each, rival.name)
	measure.Row(b.out, "", "all nine", "", "", "", "the other", "", "", "ratio", "client")
	measure.Row(b.out, "round", "themselves", "broker", "database", "p50, ms", "itself", "database", "p50, ms", "", "of both")
	var a, z []expense
	for n := range b.pairs {
		ours, theirs, err := b.pair(ctx, n, ours, rival)
		if err != nil {
			return err
		}
		a, z = append(a, ours), append(z, theirs)
		measure.Row(b.out, n+1, measure.Hundredths(ours.own), measure.Hundredths(ours.broker), measure.Hundredths(ours.database), measure.Tenths(ours.median),
			measure.Hundredths(theirs.own), measure.Hundredths(theirs.database), measure.Tenths(theirs.median),
			measure.Hundredths(ours.own/theirs.own), measure.Hundredths(ours.client+theirs.client))
	}
	b.shares(ours, a)
	b.conclude(rival.name, a, z)
	return nil
}

// pair measures both. Who comes first changes each time.
func (b *bench) pair(ctx context.Context, n int, ours, rival rig) (a, z expense, err error) {
	turns := []func() error{
		func() (err error) { a, err = b.expense(ctx, ours); return err },
		func() (err error) { z, err = b.expense(ctx, rival); return err },
	}
	if n%2 == 1 {
		slices.Reverse(turns)
	}
	for _, turn := range turns {
		if err := turn(); err != nil {
			return a, z, err
		}
	}
	return a, z, nil
}

// An expense is the processor time of 1,000 orders, in seconds.
type expense struct {
	own, broker, database, client float64
	each                          map[string]float64 // of the shop's own processes
	median                        float64            // of how long an order took, in ms
}

func (b *bench) expense(ctx context.Context, r rig) (e expense, err error) {
	used, err := measure.Clock(append(slices.Clone(r.parts), measure.Part{Name: client, Pid: os.Getpid()}))
	if err != nil {
		return e, err
	}
	t, err := r.orders(ctx, b.load, b.each)
	if err != nil {
		return e, err
	}
	if err := pause(ctx, settling); err != nil {
		return e, err
	}
	times, err := used()
	if err != nil {
		return e, err
	}
	per1000 := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(t.Done) }
	e = expense{broker: per1000(times[broker]), database: per1000(times[database]), client: per1000(times[client]), each: map[string]float64{}}
	for _, p := range r.own() {
		e.each[p.Name] = per1000(times[p.Name])
		e.own += e.each[p.Name]
	}
	e.median = milliseconds(t.Quantile(0.5))
	return e, nil
}

// shares says which services take how much.
func (b *bench) shares(r rig, all []expense) {
	b.say("\nOf each service\n\n")
	for _, p := range r.own() {
		measure.Row(b.out, p.Name, measure.Hundredths(measure.Median(of(all, func(e expense) float64 { return e.each[p.Name] }))))
	}
}

func (b *bench) conclude(rival string, a, z []expense) {
	ratios := make([]float64, len(a))
	for i := range a {
		ratios[i] = a[i].own / z[i].own
	}
	goal := ""
	if rival == monolith {
		goal = "6 at most"
	}
	b.found("CPU-seconds per 1,000 orders, all nine", measure.Hundredths, "", of(a, func(e expense) float64 { return e.own })...)
	b.found("  "+rival, measure.Hundredths, "", of(z, func(e expense) float64 { return e.own })...)
	b.found("  the first by the second, in pairs", measure.Hundredths, goal, ratios...)
	b.found("  their PostgreSQL's", measure.Hundredths, "", of(a, func(e expense) float64 { return e.database })...)
	b.found("  the other's PostgreSQL's", measure.Hundredths, "", of(z, func(e expense) float64 { return e.database })...)
	b.found("  their broker's", measure.Hundredths, "", of(a, func(e expense) float64 { return e.broker })...)
}

func of(all []expense, f func(expense) float64) []float64 {
	values := make([]float64, len(all))
	for i, e := range all {
		values[i] = f(e)
	}
	return values
}
