package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"triptych/faas/console"
	"triptych/faas/stats"
)

// showStats prints what functions cost.
func showStats(ctx context.Context, args []string, t terminal) error {
	var to target
	flags := to.flags("stats", t)
	asJSON := flags.Bool("json", false, "")
	rest, err := parse(flags, args, 0, 1, "stats [NAME] [--json]")
	if err != nil {
		return err
	}
	if err := to.check(); err != nil {
		return err
	}
	var all console.Stats
	if err := to.read(ctx, "GET", "/_/stats", &all); err != nil {
		return to.explain("stats", err)
	}
	if len(rest) == 1 {
		if all = only(all, rest[0]); len(all.Functions) == 0 {
			return fmt.Errorf("stats: there is no function %s: faas list shows those there are", rest[0])
		}
	}
	switch {
	case *asJSON:
		enc := json.NewEncoder(t.out)
		enc.SetIndent("", "  ")
		return enc.Encode(all)
	case len(rest) == 1:
		printFigures(t.out, all)
		return nil
	case len(all.Functions) == 0:
		fmt.Fprintln(t.err, "there are no functions yet: faas deploy NAME FOLDER makes one")
		return nil
	}
	return printTable(t, all)
}

func only(all console.Stats, name string) console.Stats {
	some := console.Stats{Functions: []console.Function{}, Queues: []console.Events{}}
	for _, f := range all.Functions {
		if f.Function == name {
			some.Functions = append(some.Functions, f)
		}
	}
	for _, q := range all.Queues {
		if q.Function == name {
			some.Queues = append(some.Queues, q)
		}
	}
	return some
}

// printTable prints a line for each version.
func printTable(t terminal, all console.Stats) error {
	w := table(t)
	fmt.Fprintln(w, "FUNCTION\tINVOKED\tERRORS\tTHROTTLED\tCOLD\tP50\tP95\tP99\tMAX\tGB-S\tINSTANCES\tQUEUED")
	queued := map[string]int{}
	for _, q := range all.Queues {
		queued[q.Function] = q.Queued
	}
	for _, f := range all.Functions {
		waiting := "-" // events are queued for a function, whatever version they will find
		if f.Version == latest {
			waiting = strconv.Itoa(queued[f.Function])
		}
		d := f.Duration
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", title(f.Figures), f.Invocations, f.Errors, f.Throttles, share(f.ColdShare),
			ms(d.P50), ms(d.P95), ms(d.P99), ms(d.Max), fixed(f.GBSeconds), instances(f.Instances), waiting)
	}
	return w.Flush()
}

const latest = "$LATEST"

// title names a version, as invoke takes it.
func title(f stats.Figures) string {
	if f.Version == latest {
		return f.Function
	}
	return f.Function + ":" + f.Version
}

// printFigures prints all there is of one function.
func printFigures(w io.Writer, all console.Stats) {
	for i, f := range all.Functions {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s\n", title(f.Figures))
		if f.Since.IsZero() {
			fmt.Fprintf(w, "  not invoked yet\n  instances    %s\n", instances(f.Instances))
			continue
		}
		fmt.Fprintf(w, "  since        %s\n", f.Since.UTC().Format(time.RFC3339))
		fmt.Fprintf(w, "  invocations  %d: %d errors, %d of them timeouts\n", f.Invocations, f.Errors, f.Timeouts)
		fmt.Fprintf(w, "  not run      %d throttled, %d because something is broken\n", f.Throttles, f.Failures)
		fmt.Fprintf(w, "  cold starts  %d (%s)\n", f.ColdStarts, share(f.ColdShare))
		fmt.Fprintf(w, "  billed       %s GB-seconds; memory at most %d MB\n", fixed(f.GBSeconds), f.PeakMemory)
		fmt.Fprintf(w, "  instances    %s\n", instances(f.Instances))
		fmt.Fprintf(w, "  %-12s %9s %9s %9s %9s %9s\n", "in ms", "mean", "p50", "p95", "p99", "max")
		for _, s := range []struct {
			name string
			stats.Spread
		}{{"duration", f.Duration}, {"answer", f.Answer}, {"init", f.Init}} {
			fmt.Fprintf(w, "  %-12s %9s %9s %9s %9s %9s\n", s.name, ms(s.Mean), ms(s.P50), ms(s.P95), ms(s.P99), ms(s.Max))
		}
	}
	for _, q := range all.Queues {
		fmt.Fprintf(w, "\nqueued events\n")
		fmt.Fprintf(w, "  now          %d, %d of them under way; the oldest is %s old\n", q.Queued, q.UnderWay, (time.Duration(q.Oldest * float64(time.Second))).Round(time.Second))
		fmt.Fprintf(w, "  ended        %d well, %d not, %d of those as a loop\n", q.Succeeded, q.Dropped, q.Recursive)
		fmt.Fprintf(w, "  put off      %d, %d of them by a throttle\n", q.Retried, q.Throttled)
		fmt.Fprintf(w, "  not taken    %d records and dead letters\n", q.Undeliverable)
	}
}

// instances are how many there are, and how many of them are idle.
func instances(i console.Instances) string {
	s := fmt.Sprintf("%d, %d idle", i.Alive, i.Idle)
	if i.Starting > 0 {
		s += fmt.Sprintf(", %d starting", i.Starting)
	}
	if i.Provisioned > 0 {
		s += fmt.Sprintf(", %d kept ready", i.Provisioned)
	}
	return s
}

// ms writes milliseconds with three digits that matter.
func ms(x float64) string {
	switch {
	case x == 0:
		return "-"
	case x < 10:
		return strconv.FormatFloat(x, 'f', 2, 64)
	case x < 100:
		return strconv.FormatFloat(x, 'f', 1, 64)
	}
	return strconv.FormatFloat(x, 'f', 0, 64)
}

func share(x float64) string {
	if x == 0 {
		return "0 %"
	}
	if p := 100 * x; p < 1 {
		return "<1 %"
	}
	return strconv.Itoa(int(math.Round(100*x))) + " %"
}

func fixed(x float64) string { return strconv.FormatFloat(x, 'f', 3, 64) }
