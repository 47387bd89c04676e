package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"triptych/internal/env"
	"triptych/lab/launch"
)

// defaultPorts are those that containers use, too.
var defaultPorts = map[string]int{monolith: 8080, microservices: 8081}

const maxScale = 1000

// upFlags are the flags of every command that starts a shop.
type upFlags struct {
	port  int
	data  string
	fresh bool
	seed  int
	scale int
}

func readUpFlags(name string, args []string, getenv func(string) string) (upFlags, error) {
	e := env.Reader{Getenv: getenv}
	f := upFlags{seed: e.Int("SEED", 1, 0, math.MaxInt32), scale: e.Int("SCALE", 1, 1, maxScale)}
	if err := e.Err(); err != nil {
		return f, usageError{err}
	}
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.IntVar(&f.port, "port", 0, "")
	flags.StringVar(&f.data, "data", "", "")
	flags.BoolVar(&f.fresh, "fresh", false, "")
	flags.IntVar(&f.seed, "seed", f.seed, "")
	flags.IntVar(&f.scale, "scale", f.scale, "")
	if err := parse(flags, args); err != nil {
		return f, err
	}
	if f.port < 0 || f.port > 65535 {
		return f, usageError{fmt.Errorf("--port must be 1 to 65535, not %d", f.port)}
	}
	if f.scale < 1 || f.scale > maxScale {
		return f, usageError{fmt.Errorf("--scale must be 1 to %d, not %d", maxScale, f.scale)}
	}
	return f, nil
}

func (f upFlags) options(architecture string, getenv func(string) string, out *screen) (o launch.Options, err error) {
	o = launch.Options{Data: f.data, Fresh: f.fresh, Getenv: getenv, Step: out.step}
	if o.Root, err = launch.FindRoot(); err != nil {
		return o, err
	}
	if o.Data == "" {
		o.Data = dataFolder(o.Root, architecture)
	}
	if o.Data, err = filepath.Abs(o.Data); err != nil {
		return o, err
	}
	o.Addr, o.AnyPort = fmt.Sprintf("127.0.0.1:%d", f.port), false
	if f.port == 0 {
		o.Addr, o.AnyPort = fmt.Sprintf("127.0.0.1:%d", defaultPorts[architecture]), true
	}
	return o, nil
}

// command is what a user types to call the program on the same data.
func (f upFlags) command(what string) string {
	command := "go run ./cmd/triptych " + what
	if f.data != "" {
		command += " --data " + f.data
	}
	return command
}

// dataFolder is where an architecture keeps its data unless told otherwise.
func dataFolder(root, architecture string) string {
	return filepath.Join(root, ".triptych", architecture)
}

// up starts an architecture and leaves it running until Ctrl-C.
func up(ctx context.Context, args []string, getenv func(string) string, out *screen) error {
	if len(args) == 0 || defaultPorts[args[0]] == 0 {
		return usageError{errors.New("say which architecture: triptych up monolith or triptych up microservices")}
	}
	f, err := readUpFlags("up", args[1:], getenv)
	if err != nil {
		return err
	}
	s, err := open(ctx, args[0], f, getenv, out)
	if err != nil {
		return err
	}
	defer stop(out, s)
	out.heading("The shop is open")
	out.table(nil,
		[]string{"shop", s.URL},
		[]string{"manager", s.Secrets.ManagerEmail},
		[]string{"password", s.Secrets.ManagerPassword},
		[]string{"traces", s.Traces.URL() + "/api/traces"},
		[]string{"log", s.log},
		[]string{"processes", f.command("ps")},
		[]string{"proof", s.proof(f, getenv)},
	)
	return stay(ctx, out, s)
}

// stay hangs up the pictures and waits for Ctrl-C, or for a shop to end, which it
// should not.
func stay(ctx context.Context, out *screen, shops ...*shop) error {
	out.print("\n%s\n", out.dim("Ctrl-C stops everything."))
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range shops {
		g.Go(func() error { return s.watch(ctx) })
	}
	g.Go(func() error {
		for _, s := range shops {
			s.hang(ctx, out)
		}
		return nil
	})
	return g.Wait()
}

func stop(out *screen, shops ...*shop) {
	out.abandon()
	if len(shops) == 0 {
		return
	}
	out.print("\n")
	done := out.step("stopping")
	for _, s := range shops {
		s.stop()
	}
	done("everything has stopped")
}
