package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"triptych/lab/bench/measure"
)

// figures are what a run finds out.
type figures struct {
	idle    int64 // memory of the program before anybody has bought anything, in bytes
	other   rival
	ours    []phase // checkouts over HTTP
	theirs  []phase // the same by the rival
	reads   []phase
	variant variant
	asItIs  variant // the program, measured in turns with the variant
}

// A variant is the program with something in its environment.
type variant struct {
	env            []string
	bought, looked []phase
}

// run measures, and reports at the end. The profiles come first: they warm
// everything up, and no figure comes from them.
func run(ctx context.Context, s settings, out io.Writer) error {
	st, err := setUp(ctx, s, out)
	if err != nil {
		return err
	}
	defer st.shop.Stop()
	f := figures{variant: variant{env: []string{s.variant}}}
	if f.idle, err = st.idle(ctx); err != nil {
		return err
	}
	t, err := st.capture(ctx)
	if err != nil {
		return fmt.Errorf("capture the statements of a checkout: %w", err)
	}
	if f.other, err = st.rival(t); err != nil {
		return err
	}
	st.introduce(t)
	for _, step := range []func(context.Context, *figures) error{st.profiles, st.compare, st.readRounds, st.compareVariant} {
		if err := step(ctx, &f); err != nil {
			return err
		}
	}
	st.conclude(f)
	return nil
}

// settleTime is how long after its start the program is called idle.
const settleTime = 3 * time.Second

func (st *stage) idle(ctx context.Context) (int64, error) {
	if err := st.again(ctx); err != nil { // filling the shop is no idleness
		return 0, err
	}
	select {
	case <-time.After(settleTime):
		return measure.Memory(st.shop.Pid(), "VmRSS")
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// compare measures checkouts and the rival in turns. Who comes first changes
// each time, since tables grow.
func (st *stage) compare(ctx context.Context, f *figures) error {
	fmt.Fprintf(st.out, "\nCheckouts over HTTP, and %s\n\n", f.other.name)
	st.row("", "checkouts", "p50", "p99", "without", "", "CPU s/1000:", "", "", "database", "processors", "peak")
	st.row("round", "a second", "ms", "ms", "program", "ratio", "program", "database", "client", "without", "used, %", "MB")
	for round := range st.rounds {
		var a, b phase
		turns := []func() error{
			func() (err error) { a, err = st.phase(ctx, st.checkouts); return err },
			func() (err error) { b, err = st.phase(ctx, f.other.run); return err },
		}
		if round%2 == 1 {
			slices.Reverse(turns)
		}
		for _, turn := range turns {
			if err := turn(); err != nil {
				return err
			}
		}
		f.ours, f.theirs = append(f.ours, a), append(f.theirs, b)
		st.row(round+1, measure.Whole(a.Rate()), measure.Milliseconds(a.Quantile(0.5)), measure.Milliseconds(a.Quantile(0.99)), measure.Whole(b.Rate()), measure.Hundredths(a.Rate()/b.Rate()),
			measure.Hundredths(a.programPer1000()), measure.Hundredths(a.databasePer1000()), measure.Hundredths(a.clientPer1000()),
			measure.Hundredths(b.databasePer1000()), measure.Whole(a.ours()), measure.Whole(a.peakMB()))
	}
	return nil
}

// readRounds measures reading products.
func (st *stage) readRounds(ctx context.Context, f *figures) error {
	fmt.Fprint(st.out, "\nProduct reads\n\n")
	st.row("", "reads", "p50", "p99", "CPU s/1000:", "", "", "processors")
	st.row("round", "a second", "ms", "ms", "program", "database", "client", "used, %")
	for round := range st.rounds {
		p, err := st.phase(ctx, st.reads)
		if err != nil {
			return err
		}
		f.reads = append(f.reads, p)
		st.row(round+1, measure.Whole(p.Rate()), measure.Milliseconds(p.Quantile(0.5)), measure.Milliseconds(p.Quantile(0.99)),
			measure.Thousandths(p.programPer1000()), measure.Thousandths(p.databasePer1000()), measure.Thousandths(p.clientPer1000()), measure.Whole(p.ours()))
	}
	return nil
}

// compareVariant measures the program with something else in its environment,
// and as it is, in turns.
func (st *stage) compareVariant(ctx context.Context, f *figures) error {
	for range st.pairs {
		for _, v := range []*variant{&f.variant, &f.asItIs} {
			if err := st.again(ctx, v.env...); err != nil {
				return err
			}
			if _, err := st.checkouts(ctx); err != nil { // warm-up
				return err
			}
			bought, err := st.phase(ctx, st.checkouts)
			if err != nil {
				return err
			}
			looked, err := st.phase(ctx, st.reads)
			if err != nil {
				return err
			}
			v.bought, v.looked = append(v.bought, bought), append(v.looked, looked)
		}
	}
	return nil
}
