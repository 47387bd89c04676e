package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"triptych/lab/client"
	"triptych/lab/fill"
	"triptych/lab/launch"
)

// The architectures that can be started.
const (
	monolith      = "monolith"
	microservices = "microservices"
)

// A shop is an architecture that is up, and full of what there is to buy.
type shop struct {
	*launch.Shop
	architecture string
	log          string // file or folder
	processes    int    // that the shop consists of, without what it depends on
	filler       *fill.Filler
	watch        func(context.Context) error // returns when ctx is done, or why the shop has ended
	stop         func()
}

// open starts an architecture and fills it.
func open(ctx context.Context, architecture string, f upFlags, getenv func(string) string, out *screen) (*shop, error) {
	o, err := f.options(architecture, getenv, out)
	if err != nil {
		return nil, err
	}
	start := openMonolith
	if architecture == microservices {
		start = openMicroservices
	}
	s, err := start(ctx, o, out)
	if err != nil {
		return nil, err
	}
	if err := s.fill(ctx, f, out); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func openMonolith(ctx context.Context, o launch.Options, out *screen) (*shop, error) {
	r, err := launch.Monolith(ctx, o)
	if err != nil {
		return nil, err
	}
	return &shop{
		Shop: &r.Shop, architecture: monolith, log: r.LogFile, processes: 1, stop: r.Stop,
		watch: func(ctx context.Context) error { return watchMonolith(ctx, r, out) },
	}, nil
}

// watchMonolith waits for the monolith to end, which it should not. A database
// that ends is started again: the shop waits for it, and answers 503 meanwhile.
func watchMonolith(ctx context.Context, r *launch.Running, out *screen) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-r.Done():
			return fmt.Errorf("the monolith has ended: %s (its log is %s)", r.LastWords(), r.LogFile)
		case <-r.DatabaseDone():
		}
		done := out.step("PostgreSQL has ended; starting it again")
		if err := r.RestartDatabase(ctx); err != nil {
			return fmt.Errorf("PostgreSQL has ended, and does not start again: %w", err)
		}
		done("PostgreSQL had ended, and runs again")
	}
}

// openMicroservices starts the services, which a supervisor keeps up: there is
// nothing to watch.
func openMicroservices(ctx context.Context, o launch.Options, out *screen) (*shop, error) {
	services := 0
	o.Say = out.say
	o.Ready = func(p launch.Process) {
		out.ready(p)
		if !p.Beside() {
			services++
		}
	}
	s, err := launch.Microservices(ctx, o)
	if err != nil {
		return nil, err
	}
	return &shop{
		Shop: &s.Shop, architecture: microservices, log: s.Logs(), processes: services, stop: s.Stop,
		watch: func(ctx context.Context) error { <-ctx.Done(); return nil },
	}, nil
}

// fill puts there what there is to buy.
func (s *shop) fill(ctx context.Context, f upFlags, out *screen) (err error) {
	done := out.step(fmt.Sprintf("filling the shop from seed %d", f.seed))
	filler, added, err := fill.Shop(ctx, fill.Options{
		URL: s.URL, Email: s.Secrets.ManagerEmail, Password: s.Secrets.ManagerPassword, Seed: int64(f.seed), Scale: f.scale,
	})
	if err != nil {
		return s.fillError(err)
	}
	s.filler = filler
	done(added)
	return nil
}

// fillError says what to do when the data know another manager than we do.
func (s *shop) fillError(err error) error {
	if p := (*client.Problem)(nil); errors.As(err, &p) && p.Status == http.StatusUnauthorized {
		return fmt.Errorf("the data were begun with another password for %s: set MANAGER_EMAIL and MANAGER_PASSWORD to what they were then, "+
			"or begin with new data by --fresh", s.Secrets.ManagerEmail)
	}
	return fmt.Errorf("fill the shop: %w", err)
}

// proof is what a user types to hold this shop against the contract. The manager
// is known to it, unless the environment has named one.
func (s *shop) proof(f upFlags, getenv func(string) string) string {
	command := f.command("check --url " + s.URL)
	if getenv("MANAGER_EMAIL") != "" || getenv("MANAGER_PASSWORD") != "" {
		command += " --manager " + s.Secrets.ManagerEmail + " --password " + s.Secrets.ManagerPassword
	}
	return command
}

// hang draws the pictures of what is sold and hangs them up.
func (s *shop) hang(ctx context.Context, out *screen) {
	added, err := s.filler.Pictures(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		out.print("  the pictures of some products are missing: %v\n", err)
	case added > 0 && err == nil:
		out.print("  %s %d pictures drawn and resized by the %s\n", out.paint("32", "✓"), added, s.architecture)
	}
}
