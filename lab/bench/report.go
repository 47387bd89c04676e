package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// introduce says what is measured on what.
func (st *stage) introduce(t transaction) {
	fmt.Fprintf(st.out, "\n%d processors (%s), %s, PostgreSQL %s with fsync and synchronous_commit on\n",
		runtime.NumCPU(), processor(), runtime.Version(), st.shop.Database().Version())
	fmt.Fprintf(st.out, "%d clients, %s each, %d rounds, orders of 2 lines from %d products, telemetry %s\n",
		st.clients, st.each, st.rounds, st.products, onOff(st.telemetry))
	fmt.Fprintf(st.out, "\nA checkout sends %d statements:\n", len(t.statements))
	for _, s := range t.statements {
		fmt.Fprintf(st.out, "  %.100s\n", strings.Join(strings.Fields(s.sql), " "))
	}
}

// processor is the model of the processor, as Linux tells it.
func processor() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	_, after, ok := strings.Cut(string(b), "model name\t: ")
	if !ok {
		return runtime.GOARCH
	}
	name, _, _ := strings.Cut(after, "\n")
	return name
}

func (st *stage) row(cells ...any) {
	for _, c := range cells {
		fmt.Fprintf(st.out, "%11v", c)
	}
	fmt.Fprintln(st.out)
}

// conclude prints the medians beside the goals.
func (st *stage) conclude(f figures) {
	ratios := make([]float64, len(f.ours))
	for i := range ratios {
		ratios[i] = f.ours[i].rate() / f.theirs[i].rate()
	}
	fmt.Fprintf(st.out, "\n%-46s %8s %8s %8s   %s\n", "", "median", "lowest", "highest", "goal")
	st.line("checkouts a second", each(f.ours, phase.rate), whole, "")
	st.line(f.other.name+", a second", each(f.theirs, phase.rate), whole, "")
	st.line("the first by the second, in pairs", ratios, hundredths, "0.50 at least, 0.70 at best")
	st.line("program's CPU-seconds per 1,000 orders", each(f.ours, phase.programPer1000), hundredths, "1.00 at most")
	st.line("PostgreSQL's CPU-seconds per 1,000 orders", each(f.ours, phase.databasePer1000), hundredths, "")
	st.line("program's peak memory under load, MB", each(f.ours, phase.peakMB), whole, "150 at most")
	st.line("program's memory when idle, MB", []float64{float64(f.idle) / 1e6}, whole, "40 at most")
	st.line("product reads a second", each(f.reads, phase.rate), whole, "15000 at least")
	st.line("program's CPU-seconds per 1,000 reads", each(f.reads, phase.programPer1000), thousandths, "")
	fmt.Fprintln(st.out)
	st.compared("as it is", f.asItIs)
	st.compared("with "+st.variant, f.variant)
	fmt.Fprintln(st.out)
}

func (st *stage) compared(name string, v variant) {
	of := func(phases []phase, f func(phase) float64) float64 { return median(each(phases, f)) }
	fmt.Fprintf(st.out, "%s: %.0f checkouts/s at %.2f CPU s per 1,000 and %.0f MB, %.0f reads/s at %.3f CPU s per 1,000\n", name,
		of(v.bought, phase.rate), of(v.bought, phase.programPer1000), of(v.bought, phase.peakMB),
		of(v.looked, phase.rate), of(v.looked, phase.programPer1000))
}

func (st *stage) line(name string, values []float64, format func(float64) string, goal string) {
	fmt.Fprintf(st.out, "%-46s %8s %8s %8s   %s\n", name, format(median(values)), format(slices.Min(values)), format(slices.Max(values)), goal)
}

func each(phases []phase, f func(phase) float64) []float64 {
	out := make([]float64, len(phases))
	for i, p := range phases {
		out[i] = f(p)
	}
	return out
}

func median(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return (v[(n-1)/2] + v[n/2]) / 2
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

func whole(f float64) string       { return fmt.Sprintf("%.0f", f) }
func hundredths(f float64) string  { return fmt.Sprintf("%.2f", f) }
func thousandths(f float64) string { return fmt.Sprintf("%.3f", f) }
func ms(d time.Duration) string    { return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)) }
