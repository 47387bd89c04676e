package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"triptych/faas/api"
	"triptych/faas/runner"
	"triptych/faas/sandbox"
	"triptych/internal/serve"
	"triptych/internal/telemetry"
	"triptych/internal/version"
)

// serveAPI runs the runner until ctx is done.
func serveAPI(ctx context.Context, args []string, t terminal) error {
	var o runner.Options
	var level string
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:9000", "")
	flags.StringVar(&o.Data, "data", ".triptych/faas", "")
	flags.StringVar(&level, "isolation", string(sandbox.Auto), "")
	flags.IntVar(&o.Concurrency, "concurrency", 1000, "")
	flags.DurationVar(&o.KeepAlive, "keep-alive", 5*time.Minute, "")
	flags.BoolVar(&o.Freeze, "freeze", false, "")
	if _, err := parse(flags, args, 0, 0, "serve [flags]"); err != nil {
		return err
	}
	o.Isolation = sandbox.Level(level)
	o.Cache, o.Logs = 2<<30, 64<<20

	shutdown, err := telemetry.Start(ctx, telemetry.Options{Service: "faas", Version: version.Number, Getenv: t.getenv, Log: t.err})
	if err != nil {
		return err
	}
	defer telemetry.Flush(shutdown)
	listener, err := serve.Listen(ctx, *addr)
	if err != nil {
		return fmt.Errorf("--addr: %w", err)
	}
	if o.Addr, err = serve.Reachable(listener.Addr().String()); err != nil {
		listener.Close()
		return err
	}
	r, err := runner.Open(o)
	if err != nil {
		listener.Close()
		return err
	}
	defer r.Close()
	announce(t, r, o.Addr)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.Run(ctx) })
	g.Go(func() error { return serve.HTTP(ctx, listener, api.Handler(r, api.Options{}), nil) })
	if debug := t.getenv("DEBUG_ADDR"); debug != "" { // profiles; keep it on loopback
		g.Go(func() error { return serve.Debug(ctx, debug) })
	}
	return g.Wait()
}

// announce says where the API is, and what isolation there really is.
func announce(t terminal, r *runner.Runner, addr string) {
	fmt.Fprintf(t.out, "faas serves AWS Lambda's API at http://%s\nisolation: %s\n", addr, r.Sandbox().Level())
	for _, m := range r.Sandbox().Measures() {
		state := "on"
		if !m.On {
			state = "off: " + m.Why
		}
		fmt.Fprintf(t.out, "  %-24s %s\n", m.Name, state)
	}
}
