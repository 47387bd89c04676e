package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"net/http"
	"path/filepath"

	"triptych/internal/env"
	"triptych/lab/client"
	"triptych/lab/fill"
	"triptych/lab/launch"
)

const (
	defaultPort = 8080
	maxScale    = 1000
)

// upFlags are the flags of every command that starts the shop.
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

func (f upFlags) options(getenv func(string) string, out *screen) (launch.Options, error) {
	root, err := launch.FindRoot()
	if err != nil {
		return launch.Options{}, err
	}
	o := launch.Options{Root: root, Data: f.data, Fresh: f.fresh, Getenv: getenv, Step: out.step}
	if o.Data == "" {
		o.Data = filepath.Join(root, ".triptych", "monolith")
	}
	if o.Data, err = filepath.Abs(o.Data); err != nil {
		return o, err
	}
	o.Addr, o.AnyPort = fmt.Sprintf("127.0.0.1:%d", cmp.Or(f.port, defaultPort)), f.port == 0
	return o, nil
}

// start starts the monolith and fills it with what there is to buy.
func start(ctx context.Context, f upFlags, getenv func(string) string, out *screen) (*launch.Running, *fill.Filler, error) {
	o, err := f.options(getenv, out)
	if err != nil {
		return nil, nil, err
	}
	shop, err := launch.Monolith(ctx, o)
	if err != nil {
		return nil, nil, err
	}
	done := out.step(fmt.Sprintf("filling the shop from seed %d", f.seed))
	filler, added, err := fill.Shop(ctx, fill.Options{
		URL: shop.URL, Email: shop.Secrets.ManagerEmail, Password: shop.Secrets.ManagerPassword, Seed: int64(f.seed), Scale: f.scale,
	})
	if err != nil {
		shop.Stop()
		return nil, nil, fillError(err, shop)
	}
	done(added)
	return shop, filler, nil
}

// fillError says what to do when the data know another manager than we do.
func fillError(err error, shop *launch.Running) error {
	if p := (*client.Problem)(nil); errors.As(err, &p) && p.Status == http.StatusUnauthorized {
		return fmt.Errorf("the data were begun with another password for %s: set MANAGER_EMAIL and MANAGER_PASSWORD to what they were then, "+
			"or begin with new data by --fresh", shop.Secrets.ManagerEmail)
	}
	return fmt.Errorf("fill the shop: %w", err)
}

// checkCommand is what a user types to hold this shop against the contract.
// The manager of the usual data folder is known to it.
func checkCommand(shop *launch.Running, f upFlags, getenv func(string) string) string {
	command := "go run ./cmd/triptych check --url " + shop.URL
	if f.data != "" || getenv("MANAGER_EMAIL") != "" || getenv("MANAGER_PASSWORD") != "" {
		command += " --manager " + shop.Secrets.ManagerEmail + " --password " + shop.Secrets.ManagerPassword
	}
	return command
}

// up starts an architecture and leaves it running until Ctrl-C.
func up(ctx context.Context, args []string, getenv func(string) string, out *screen) error {
	if len(args) == 0 || args[0] != "monolith" {
		return usageError{errors.New("say which architecture: triptych up monolith (it is the only one so far)")}
	}
	f, err := readUpFlags("up", args[1:], getenv)
	if err != nil {
		return err
	}
	shop, filler, err := start(ctx, f, getenv, out)
	if err != nil {
		return err
	}
	defer stop(shop, out)
	out.heading("The shop is open")
	out.table(nil,
		[]string{"shop", shop.URL},
		[]string{"manager", shop.Secrets.ManagerEmail},
		[]string{"password", shop.Secrets.ManagerPassword},
		[]string{"traces", shop.Traces.URL() + "/api/traces"},
		[]string{"log", shop.LogFile},
		[]string{"proof", checkCommand(shop, f, getenv)},
	)
	return stay(ctx, shop, filler, out)
}

// stay hangs up the pictures and waits for Ctrl-C, or for the shop to end,
// which it should not. A database that ends is started again: the shop waits
// for it, and answers 503 meanwhile.
func stay(ctx context.Context, shop *launch.Running, filler *fill.Filler, out *screen) error {
	out.print("\n%s\n", out.dim("Ctrl-C stops everything."))
	hung := make(chan struct{})
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer close(hung)
		added, err := filler.Pictures(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			out.print("  the pictures of some products are missing: %v\n", err)
		case added > 0 && err == nil:
			out.print("  %s %d pictures drawn and resized\n", out.paint("32", "✓"), added)
		}
	}()
	defer func() { cancel(); <-hung }()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-shop.Done():
			return fmt.Errorf("the monolith has ended: %s (its log is %s)", shop.LastWords(), shop.LogFile)
		case <-shop.DatabaseDone():
		}
		done := out.step("PostgreSQL has ended; starting it again")
		if err := shop.RestartDatabase(ctx); err != nil {
			return fmt.Errorf("PostgreSQL has ended, and does not start again: %w", err)
		}
		done("PostgreSQL had ended, and runs again")
	}
}

func stop(shop *launch.Running, out *screen) {
	out.abandon()
	out.print("\n")
	done := out.step("stopping")
	shop.Stop()
	done("everything has stopped")
}
