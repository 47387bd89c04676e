package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"triptych/lab/bench/measure"
)

// Results are what was measured: every figure, the table's rows, and ratios.
type results struct {
	rows   []row
	ratios []ratio
	raw    map[string][]float64
}

// A row is one metric.
type row struct {
	name, goal, stretch string
	values              []float64
	format              func(float64) string
	rate                bool // one value a round: the median and the most are told
}

// A ratio is the runner's figure by that of what it is held against.
type ratio struct {
	name  string
	value float64
	goal  float64
	least bool // the goal is the least it may be, else the most
}

// times notes how long something took, each time.
func (r *results) times(name, goal, stretch string, times []time.Duration) {
	ms := make([]float64, len(times))
	for i, t := range times {
		ms[i] = float64(t) / float64(time.Millisecond)
	}
	r.note(row{name: name, goal: goal, stretch: stretch, values: ms, format: measure.Hundredths})
}

// figures notes figures that are not times, one of each round.
func (r *results) figures(name, goal, stretch string, format func(float64) string, values []float64) {
	r.note(row{name: name, goal: goal, stretch: stretch, values: values, format: format, rate: true})
}

func (r *results) note(n row) {
	if len(n.values) == 0 {
		return
	}
	if r.raw == nil {
		r.raw = map[string][]float64{}
	}
	r.raw[n.name] = slices.Clone(n.values)
	r.rows = append(r.rows, n)
}

func (r *results) atMost(name string, value, goal float64) {
	r.ratios = append(r.ratios, ratio{name: name, value: value, goal: goal})
}

func (r *results) atLeast(name string, value, goal float64) {
	r.ratios = append(r.ratios, ratio{name: name, value: value, goal: goal, least: true})
}

func (r *results) print(out io.Writer) {
	const line = "%-44s %16s %14s %6s %9s %9s %9s\n"
	fmt.Fprintf(out, "\n"+line, "", "goal", "stretch", "n", "p50", "p99", "max")
	for _, w := range r.rows {
		p99 := ""
		if !w.rate {
			p99 = w.format(quantile(w.values, 0.99))
		}
		fmt.Fprintf(out, line, w.name, w.goal, w.stretch, fmt.Sprint(len(w.values)), w.format(measure.Median(w.values)), p99, w.format(slices.Max(w.values)))
	}
	if len(r.ratios) > 0 {
		fmt.Fprintf(out, "\nratios within this run\n")
	}
	for _, t := range r.ratios {
		word, verdict := "at most", "reached"
		if t.least {
			word = "at least"
		}
		if t.least == (t.value < t.goal) {
			verdict = "missed"
		}
		fmt.Fprintf(out, "%-60s %6.2f   goal %s %.2f: %s\n", t.name, t.value, word, t.goal, verdict)
	}
}

// quantile returns the value that a share q of all did not exceed.
func quantile(values []float64, q float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return v[min(len(v)-1, int(q*float64(len(v))))]
}

// p is the quantile of times.
func p(times []time.Duration, q float64) float64 {
	v := make([]float64, len(times))
	for i, t := range times {
		v[i] = float64(t)
	}
	return quantile(v, q)
}

// write keeps every single figure: times in milliseconds.
func (r *results) write(file string, s settings, version string) error {
	ratios := map[string]float64{}
	for _, t := range r.ratios {
		ratios[t.name] = t.value
	}
	b, err := json.MarshalIndent(struct {
		Machine, Checkout, Isolation string
		At                           time.Time
		Rounds                       int
		Ratios                       map[string]float64
		Figures                      map[string][]float64
	}{machine(), version, s.isolation, time.Now(), s.rounds, ratios, r.raw}, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}
