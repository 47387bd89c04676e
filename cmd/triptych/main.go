// Command triptych starts the shop on this machine, takes an order through it,
// and checks that what runs keeps the contract.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

const usage = `Triptych: one shop, three architectures.

  triptych                 start the shop in both that are built, place the same order
                           in each, show what happened inside
  triptych up monolith|microservices
                           start one and leave it running
  triptych ps              what runs, and how much memory and processor time it uses
  triptych check --url U   check a running shop against the contract
  triptych rebuild-reports make the microservices' reports again from the log of events
  triptych dead-letters    list the messages that services could not handle;
                           also: show ID, replay ID, replay --all
  triptych doctor          say what this machine has and what will be used
  triptych help            this text

Flags of the demo and of up:
  --port N     serve on that port (default 8080, the microservices 8081, or a free one);
               the demo's microservices get the next
  --data DIR   keep databases, keys and logs there (default .triptych/monolith and
               .triptych/microservices; the demo takes DIR/monolith and DIR/microservices)
  --fresh      throw away what an earlier run left there
  --seed N     the number that the products and employees are made from (default 1)
  --scale N    that many times more of them (default 1)

The environment: DATABASE_URL names the database to use, and KAFKA_BROKERS the Kafka; for
the microservices, databases are made on that server. MANAGER_EMAIL and MANAGER_PASSWORD
name the manager; SEED and SCALE are as the flags; LOG_LEVEL and OTEL_… as in docs/telemetry.md.

Flags of check:
  --url URL    the shop to check
  --manager EMAIL --password WORD
               its manager (default MANAGER_EMAIL and MANAGER_PASSWORD, or that of the last
               such shop started here)

Flag of check, ps and rebuild-reports:
  --data DIR   the folder that was given to up or to the demo

Flags of dead-letters:
  --brokers A  the Kafka to look into (default KAFKA_BROKERS, or that of the microservices that are up)
`

// A usageError is something wrong with how the program was called: exit code 2.
type usageError struct{ error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	out := newScreen(os.Stdout)
	err := run(ctx, os.Args[1:], os.Getenv, out)
	out.abandon()
	var wrong usageError
	switch {
	case errors.As(err, &wrong):
		fmt.Fprintln(os.Stderr, "triptych:", err)
		os.Exit(2)
	case err != nil && ctx.Err() == nil:
		fmt.Fprintln(os.Stderr, "triptych:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, getenv func(string) string, out *screen) error {
	if len(args) > 0 && slices.Contains([]string{"-h", "-help", "--help"}, args[len(args)-1]) {
		args = []string{"help"}
	}
	command := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command, args = args[0], args[1:]
	}
	switch command {
	case "":
		return demo(ctx, args, getenv, out)
	case "up":
		return up(ctx, args, getenv, out)
	case "ps":
		return ps(ctx, args, out)
	case "rebuild-reports":
		return rebuildReports(ctx, args, out)
	case "check":
		return check(ctx, args, getenv, out)
	case "dead-letters":
		return deadLetters(ctx, args, getenv, out)
	case "doctor":
		return doctor(ctx, args, getenv, out)
	case "help":
		out.print(usage)
		return nil
	}
	return usageError{fmt.Errorf("there is no command %q; triptych help lists them", command)}
}

// parse reads a command's flags and refuses anything else.
func parse(flags *flag.FlagSet, args []string) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	switch {
	case err != nil:
		return usageError{fmt.Errorf("%w; triptych help lists the flags", err)}
	case flags.NArg() > 0:
		return usageError{fmt.Errorf("%s: %q is not expected here; triptych help lists what is", flags.Name(), flags.Arg(0))}
	}
	return nil
}
