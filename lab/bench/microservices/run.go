package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"triptych/lab/bench/measure"
	"triptych/lab/launch"
)

// A bench is a run.
type bench struct {
	settings
	root string
	out  io.Writer

	results []result
}

// A result is what several measurements of a thing say, for the table at the end.
type result struct {
	name   string
	values []float64
	format func(float64) string
	goal   string
}

// A trial measures something, with a shop of its own.
type trial struct {
	name string
	run  func(*bench, context.Context) error
}

// trials are all, in the order in which they are run.
var trials = []trial{
	{"ready", (*bench).ready},
	{"idle", (*bench).idleness},
	{"latency", (*bench).latency},
	{"cost", (*bench).cost},
	{"profile", (*bench).profile},
	{"takeover", (*bench).takeover},
}

func names() (all []string) {
	for _, t := range trials {
		all = append(all, t.name)
	}
	return all
}

func run(ctx context.Context, s settings, out io.Writer) error {
	root, err := launch.FindRoot()
	if err != nil {
		return err
	}
	if s.data == "" {
		s.data = filepath.Join(root, ".triptych", "bench")
	}
	b := &bench{settings: s, root: root, out: out}
	fmt.Fprintln(out, measure.Machine())
	for _, t := range trials {
		if !slices.Contains(s.chosen(), t.name) {
			continue
		}
		if err := t.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	measure.Heading(out)
	for _, r := range b.results {
		measure.Line(out, r.name, r.values, r.format, r.goal)
	}
	return nil
}

func (b *bench) found(name string, format func(float64) string, goal string, values ...float64) {
	b.results = append(b.results, result{name, values, format, goal})
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(b.out, format, args...) }
