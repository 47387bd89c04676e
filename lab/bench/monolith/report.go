package main

import (
	"fmt"
	"strings"

	"triptych/lab/bench/measure"
)

// introduce says what is measured on what.
func (st *stage) introduce(t transaction) {
	fmt.Fprintf(st.out, "\n%s, PostgreSQL %s with fsync and synchronous_commit on\n", measure.Machine(), st.shop.Database().Version())
	fmt.Fprintf(st.out, "%d clients, %s each, %d rounds, orders of 2 lines from %d products, telemetry %s\n",
		st.clients, st.each, st.rounds, st.Products, onOff(st.telemetry))
	fmt.Fprintf(st.out, "\nA checkout sends %d statements:\n", len(t.statements))
	for _, s := range t.statements {
		fmt.Fprintf(st.out, "  %.100s\n", strings.Join(strings.Fields(s.sql), " "))
	}
}

func (st *stage) row(cells ...any) { measure.Row(st.out, cells...) }

// conclude prints the medians beside the goals.
func (st *stage) conclude(f figures) {
	ratios := make([]float64, len(f.ours))
	for i := range ratios {
		ratios[i] = f.ours[i].Rate() / f.theirs[i].Rate()
	}
	measure.Heading(st.out)
	st.line("checkouts a second", each(f.ours, phase.Rate), measure.Whole, "")
	st.line(f.other.name+", a second", each(f.theirs, phase.Rate), measure.Whole, "")
	st.line("the first by the second, in pairs", ratios, measure.Hundredths, "0.50 at least, 0.70 at best")
	st.line("program's CPU-seconds per 1,000 orders", each(f.ours, phase.programPer1000), measure.Hundredths, "1.00 at most")
	st.line("PostgreSQL's CPU-seconds per 1,000 orders", each(f.ours, phase.databasePer1000), measure.Hundredths, "")
	st.line("program's peak memory under load, MB", each(f.ours, phase.peakMB), measure.Whole, "150 at most")
	st.line("program's memory when idle, MB", []float64{float64(f.idle) / 1e6}, measure.Whole, "40 at most")
	st.line("product reads a second", each(f.reads, phase.Rate), measure.Whole, "15000 at least")
	st.line("program's CPU-seconds per 1,000 reads", each(f.reads, phase.programPer1000), measure.Thousandths, "")
	fmt.Fprintln(st.out)
	st.compared("as it is", f.asItIs)
	st.compared("with "+st.variant, f.variant)
	fmt.Fprintln(st.out)
}

func (st *stage) compared(name string, v variant) {
	of := func(phases []phase, f func(phase) float64) float64 { return measure.Median(each(phases, f)) }
	fmt.Fprintf(st.out, "%s: %.0f checkouts/s at %.2f CPU s per 1,000 and %.0f MB, %.0f reads/s at %.3f CPU s per 1,000\n", name,
		of(v.bought, phase.Rate), of(v.bought, phase.programPer1000), of(v.bought, phase.peakMB),
		of(v.looked, phase.Rate), of(v.looked, phase.programPer1000))
}

func (st *stage) line(name string, values []float64, format func(float64) string, goal string) {
	measure.Line(st.out, name, values, format, goal)
}

func each(phases []phase, f func(phase) float64) []float64 {
	out := make([]float64, len(phases))
	for i, p := range phases {
		out[i] = f(p)
	}
	return out
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}
