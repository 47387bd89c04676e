// Command microservices measures the shop as microservices: how soon it is
// ready, what it has of memory and does when nobody buys, how long an order
// takes, what an order costs beside the monolith's, where that goes, and how soon
// the share of a consumer that died is taken over.
//
// Customers, services, broker and PostgreSQL share one machine, as they do under
// `triptych up`. Telemetry is on as it is there; the receiver is in this process,
// whose use of the processors is not counted.
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

	"triptych/lab/bench/measure"
)

// settings are the flags.
type settings struct {
	only      string
	starts    int
	idle      time.Duration
	warmUp    time.Duration
	rate      int
	during    time.Duration
	pairs     int
	load      int
	each      time.Duration
	takeovers int
	products  int
	against   string
	data      string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s, err := read(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "microservices:", err)
		os.Exit(2)
	}
	if err := run(ctx, s, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "microservices:", err)
		os.Exit(1)
	}
}

func read(args []string) (s settings, err error) {
	flags := flag.NewFlagSet("microservices", flag.ExitOnError)
	flags.StringVar(&s.only, "only", strings.Join(names(), ","), "what is measured")
	flags.IntVar(&s.starts, "starts", 5, "how often the shop is started")
	flags.DurationVar(&s.idle, "idle", 20*time.Second, "how long nobody buys before memory is read")
	flags.DurationVar(&s.warmUp, "warm", 10*time.Second, "how long there is a load before anything of it is measured")
	flags.IntVar(&s.rate, "rate", 20, "orders a second while latency is measured")
	flags.DurationVar(&s.during, "during", 30*time.Second, "how long latency is measured")
	flags.IntVar(&s.pairs, "pairs", 6, "how often the cost of orders is measured beside the other's")
	flags.IntVar(&s.load, "load", 100, "orders a second while their cost is measured")
	flags.DurationVar(&s.each, "each", 10*time.Second, "how long that is measured each time")
	flags.IntVar(&s.takeovers, "takeovers", 3, "how often a consumer is killed")
	flags.IntVar(&s.products, "products", 1000, "products that are bought")
	flags.StringVar(&s.against, "against", monolith, "what the cost is held against: the "+monolith+
		", or microservices with NAME=VALUE in their environment, or with the programs in a folder")
	flags.StringVar(&s.data, "data", "", "folder for the data (default .triptych/bench)")
	_ = flags.Parse(args) // it has exited when there is an error
	for wrong, is := range map[string]bool{
		"-only must be some of " + strings.Join(names(), ", "):        slices.ContainsFunc(s.chosen(), func(name string) bool { return !slices.Contains(names(), name) }),
		"-starts, -pairs and -takeovers must be 1 or more":            min(s.starts, s.pairs, s.takeovers) < 1,
		"-rate and -load must be 1 or more":                           min(s.rate, s.load) < 1,
		"-during and -each must be a second or more":                  min(s.during, s.each) < time.Second,
		fmt.Sprintf("-products must be 2 to %d", measure.MaxProducts): s.products < 2 || s.products > measure.MaxProducts,
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

func (s settings) chosen() []string { return strings.Split(s.only, ",") }
