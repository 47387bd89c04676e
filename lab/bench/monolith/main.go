// Command monolith measures what the monolith adds to the work of its database:
// checkouts over HTTP against the whole program, and the statements of those
// checkouts sent by pgbench to the same PostgreSQL, in turns, so that what the
// machine does meanwhile meets both alike.
//
// The client of the first, the program, PostgreSQL and pgbench share one
// machine. So the ratio of the two says what the whole of HTTP, JSON, rules and
// telemetry costs beside the database, and an application on a machine of its
// own would come closer.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"triptych/lab/bench/measure"
)

// settings are the flags.
type settings struct {
	rounds    int
	each      time.Duration
	clients   int
	products  int
	data      string
	telemetry bool
	variant   string
	pairs     int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := read(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if err := run(ctx, s, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func read(args []string) (s settings, err error) {
	flags := flag.NewFlagSet("monolith", flag.ExitOnError)
	flags.IntVar(&s.rounds, "rounds", 5, "how often each is measured")
	flags.DurationVar(&s.each, "each", 8*time.Second, "how long each is measured")
	flags.IntVar(&s.clients, "clients", 16, "customers, and clients of pgbench, at a time")
	flags.IntVar(&s.products, "products", 1000, "products that are bought")
	flags.StringVar(&s.data, "data", "", "folder for the data (default .triptych/bench)")
	flags.BoolVar(&s.telemetry, "telemetry", true, "send traces, metrics and logs to a receiver, as `triptych up` does")
	flags.StringVar(&s.variant, "variant", "", "NAME=VALUE in the program's environment, measured beside the program as it is (default: telemetry the other way)")
	flags.IntVar(&s.pairs, "pairs", 1, "how often the variant and the program as it is are measured, in turns")
	_ = flags.Parse(args) // it has exited when there is an error
	if s.variant == "" {
		s.variant = telemetry(!s.telemetry)
	}
	for wrong, is := range map[string]bool{
		"-rounds and -pairs must be 1 or more":                        s.rounds < 1 || s.pairs < 1,
		"-each must be a second or more":                              s.each < time.Second,
		fmt.Sprintf("-clients must be 1 to %d", maxClients):           s.clients < 1 || s.clients > maxClients,
		fmt.Sprintf("-products must be 2 to %d", measure.MaxProducts): s.products < 2 || s.products > measure.MaxProducts,
		"-variant must be NAME=VALUE":                                 !strings.Contains(s.variant, "="),
		fmt.Sprintf("%q is not expected here", flags.Args()):          flags.NArg() > 0,
	} {
		if is {
			return s, errors.New(wrong)
		}
	}
	if runtime.GOOS != "linux" {
		return s, errors.New("this benchmark reads the use of processors and memory from /proc, which only Linux has")
	}
	return s, nil
}
