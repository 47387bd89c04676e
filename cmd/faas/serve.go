package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"

	"triptych/faas/api"
	"triptych/faas/console"
	"triptych/faas/runner"
	"triptych/faas/sandbox"
	"triptych/faas/url"
	"triptych/internal/env"
	"triptych/internal/serve"
	"triptych/internal/telemetry"
	"triptych/internal/version"
)

const (
	codeCache = 2 << 30  // bytes of unpacked code kept
	logLimit  = 64 << 20 // bytes of log kept of each function
)

// levels are those that a function can ask for.
var levels = []sandbox.Level{sandbox.None, sandbox.Basic, sandbox.Standard, sandbox.Strict}

// A server is what the flags of serve say.
type server struct {
	addr   string
	remote bool // serve others than this machine, though nobody needs a key
	runner runner.Options
	access api.Options
}

func serverFlags(args []string, t terminal) (*server, error) {
	var s server
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.StringVar(&s.addr, "addr", defaultAddr, "")
	flags.StringVar(&s.runner.Data, "data", ".triptych/faas", "")
	flags.StringVar((*string)(&s.runner.Isolation), "isolation", string(sandbox.Auto), "")
	flags.IntVar(&s.runner.Concurrency, "concurrency", defaultConcurrency(), "")
	flags.DurationVar(&s.runner.KeepAlive, "keep-alive", 5*time.Minute, "")
	flags.BoolVar(&s.runner.Freeze, "freeze", false, "")
	flags.BoolVar(&s.remote, "allow-remote", false, "")
	flags.Func("host", "", func(name string) error {
		s.access.Hosts = append(s.access.Hosts, name)
		return nil
	})
	// Not by flags, which every process of this machine can read, functions too.
	settings := env.Reader{Getenv: t.getenv}
	s.access.AccessKey, s.access.SecretKey = settings.String("RUNNER_ACCESS_KEY", ""), settings.String("RUNNER_SECRET_KEY", "")
	if _, err := parse(flags, args, 0, 0, "serve [flags]"); err != nil {
		return nil, err
	}
	s.runner.Cache, s.runner.Logs = codeCache, logLimit
	if err := settings.Err(); err != nil {
		return nil, usageError{err}
	}
	return &s, s.check()
}

func (s *server) check() error {
	switch {
	case (s.access.AccessKey == "") != (s.access.SecretKey == ""):
		return usageError{errors.New("serve: RUNNER_ACCESS_KEY and RUNNER_SECRET_KEY belong together: set both or neither")}
	case !slices.Contains(append(levels, sandbox.Auto), s.runner.Isolation):
		return usageError{fmt.Errorf("serve: the isolation %s is not one there is: none, basic, standard, strict or auto", s.runner.Isolation)}
	case s.runner.Concurrency < 1:
		return usageError{fmt.Errorf("serve: --concurrency is %d: it must be 1 or more", s.runner.Concurrency)}
	case s.runner.KeepAlive <= 0:
		return usageError{fmt.Errorf("serve: --keep-alive is %s: it must be more than 0", s.runner.KeepAlive)}
	}
	return nil
}

// guard refuses to let anybody on the network run programs here.
func (s *server) guard(at net.Addr) error {
	tcp, ok := at.(*net.TCPAddr)
	if s.remote || s.access.AccessKey != "" || !ok || tcp.IP.IsLoopback() {
		return nil
	}
	return usageError{fmt.Errorf("serve: at %s others than this machine could run programs on it: take an address such as %s, or set RUNNER_ACCESS_KEY and RUNNER_SECRET_KEY, or, where nobody else can reach it, --allow-remote", at, defaultAddr)}
}

// serveAPI runs the runner until ctx is done.
func serveAPI(ctx context.Context, args []string, t terminal) error {
	s, err := serverFlags(args, t)
	if err != nil {
		return err
	}
	shutdown, err := telemetry.Start(ctx, telemetry.Options{Service: "faas", Version: version.Number, Getenv: t.getenv, Log: t.err})
	if err != nil {
		return err
	}
	defer telemetry.Flush(shutdown)
	listener, err := serve.Listen(ctx, s.addr)
	if err != nil {
		return fmt.Errorf("--addr: %w", err)
	}
	// Functions have an address of their own, where they must sign: so they are
	// who they are, and not everybody on this machine.
	functions, err := serve.Listen(ctx, "127.0.0.1:0")
	if err != nil {
		listener.Close()
		return fmt.Errorf("an address for functions: %w", err)
	}
	r, err := s.open(listener, functions)
	if err != nil {
		listener.Close()
		functions.Close()
		return err
	}
	defer r.Close()
	s.announce(t, r)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		<-ctx.Done()
		fmt.Fprintln(t.out, "stopping: what is under way has ten seconds; Ctrl-C again ends it at once")
		return nil
	})
	g.Go(func() error { return r.Run(ctx) })
	g.Go(func() error { return serve.HTTP(ctx, listener, handler(r, s.access), nil) })
	g.Go(func() error { return serve.HTTP(ctx, functions, api.Handler(r, s.signed()), nil) })
	if debug := t.getenv("DEBUG_ADDR"); debug != "" { // profiles; keep it on loopback
		g.Go(func() error { return serve.Debug(ctx, debug) })
	}
	return g.Wait()
}

func (s *server) open(all, functions net.Listener) (r *runner.Runner, err error) {
	if err := s.guard(all.Addr()); err != nil {
		return nil, err
	}
	if s.addr, err = serve.Reachable(all.Addr().String()); err != nil {
		return nil, err
	}
	s.runner.Addr = functions.Addr().String()
	return runner.Open(s.runner)
}

// signed is who may call at the address of functions.
func (s *server) signed() api.Options {
	access := s.access
	access.Signed = true
	return access
}

// handler serves Lambda's API, and the console beside it to the same callers.
// How the runner is anybody may ask, and call the functions that have a URL.
func handler(r *runner.Runner, access api.Options) http.Handler {
	lambda, shown, urls := api.Handler(r, access), console.Handler(r), url.Handler(r, access)
	guarded := api.Guard(r, access, shown)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case url.Has(r): // whose hosts have no other paths
			urls.ServeHTTP(w, r)
		case path == "/healthz":
			shown.ServeHTTP(w, r)
		case console.Has(path):
			guarded.ServeHTTP(w, r)
		default:
			lambda.ServeHTTP(w, r)
		}
	})
}

// announce says where the API is, who may call it, and what isolation there
// really is.
func (s *server) announce(t terminal, r *runner.Runner) {
	who := "everybody on this machine"
	switch {
	case s.access.AccessKey != "":
		who = "who signs with the key " + s.access.AccessKey
	case s.remote:
		who = "everybody who reaches it"
	}
	fmt.Fprintf(t.out, "faas serves AWS Lambda's API at http://%s to %s\n", s.addr, who)
	fmt.Fprintf(t.out, "data: %s; at most %d events under way; idle instances are kept for %s\n", s.runner.Data, s.runner.Concurrency, s.runner.KeepAlive)
	fmt.Fprintf(t.out, "isolation: %s\n", r.Sandbox().Level())
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	for _, m := range r.Sandbox().Measures() {
		state := "on"
		if !m.On {
			state = "off: " + m.Why
		}
		fmt.Fprintf(w, "  %s\t%s\n", m.Name, strings.TrimSpace(state))
	}
	_ = w.Flush()
	fmt.Fprintln(t.out, "Ctrl-C stops it.")
}
