// Command faas measures the function runner: how long a cold start and a warm
// call take, how many of each there are in a second, and what the runner holds
// of the machine when nobody calls.
//
// Beside it, in turns with it, it measures what none of that can go below: the
// same program started by os/exec against a minimal Runtime API, a warm call
// through that, an HTTP server that says back what it is told, and, where an
// engine answers, the same program in a container. On a machine that has other
// things to do, what holds is the ratio between them.
//
// The caller, the runner and the functions share one machine.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// settings are the flags.
type settings struct {
	only      string
	isolation string
	rounds    int
	colds     int
	loads     int
	calls     int
	callers   int
	each      time.Duration
	idle      time.Duration
	quick     bool
	program   string
	out       string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if rival, ok := rivals[first(os.Args[1:])]; ok { // this program, started by itself
		if err := rival(ctx, os.Args[2:]); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[1], err)
			os.Exit(1)
		}
		return
	}
	s, err := read(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "faas:", err)
		os.Exit(2)
	}
	if err := run(ctx, s, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "faas:", err)
		os.Exit(1)
	}
}

func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

func read(args []string) (s settings, err error) {
	flags := flag.NewFlagSet("faas", flag.ExitOnError)
	flags.StringVar(&s.only, "only", strings.Join(slices.DeleteFunc(names(), func(name string) bool { return name == profiles }), ","),
		"what is measured; "+profiles+" says where the time goes")
	flags.StringVar(&s.isolation, "isolation", "standard", "of the functions: none, basic, standard or strict")
	flags.IntVar(&s.rounds, "rounds", 5, "how often everything is measured, in turns with what it is held against")
	flags.IntVar(&s.colds, "colds", 100, "cold starts of each in a round")
	flags.IntVar(&s.loads, "loads", 20, "cold starts with code to load in a round")
	flags.IntVar(&s.calls, "calls", 1000, "warm calls of each in a round")
	flags.IntVar(&s.callers, "callers", 16, "who call at once while throughput is measured")
	flags.DurationVar(&s.each, "each", 2*time.Second, "how long throughput is measured in a round")
	flags.DurationVar(&s.idle, "idle", 20*time.Second, "how long nobody calls before memory is read")
	flags.BoolVar(&s.quick, "quick", false, "see in a minute that it works; the figures are worth little")
	flags.StringVar(&s.program, "program", "", "the runner to measure (default: built from cmd/faas)")
	flags.StringVar(&s.out, "out", "", "file for every single figure, as JSON")
	_ = flags.Parse(args) // it has exited when there is an error
	if s.quick {
		s.rounds, s.colds, s.loads, s.calls, s.each, s.idle = 2, 10, 3, 100, 500*time.Millisecond, 5*time.Second
	}
	for _, c := range []struct {
		wrong bool
		say   string
	}{
		{slices.ContainsFunc(s.chosen(), func(name string) bool { return !slices.Contains(names(), name) }), "-only must be some of " + strings.Join(names(), ", ")},
		{min(s.rounds, s.colds, s.loads, s.calls, s.callers) < 1, "-rounds, -colds, -loads, -calls and -callers must be 1 or more"},
		{min(s.each, s.idle) < 100*time.Millisecond, "-each and -idle must be 100ms or more"},
		{flags.NArg() > 0, fmt.Sprintf("%q is not expected here", flags.Args())},
		{runtime.GOOS != "linux", "this benchmark reads the use of processors and memory from /proc, which only Linux has"},
	} {
		if c.wrong {
			return s, errors.New(c.say)
		}
	}
	return s, nil
}

func (s settings) chosen() []string { return strings.Split(s.only, ",") }
