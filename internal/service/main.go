package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"triptych/internal/env"
	"triptych/internal/rpc"
	"triptych/internal/serve"
	"triptych/internal/telemetry"
	"triptych/internal/version"
)

// An Option says how a service differs from the others.
type Option func(*options)

type options struct {
	http  bool
	needs []string
}

// HTTP is the option of a service that others reach by HTTP, at HTTP_ADDR, and
// not by gRPC. It ends with ServeHTTP, and answers /readyz.
func HTTP(o *options) { o.http = true }

// Needs names variables that must be set. Naming those that Database and broker.Open
// are going to read, DATABASE_URL and KAFKA_BROKERS, has them be missed at once.
func Needs(variables ...string) Option {
	return func(o *options) { o.needs = append(o.needs, variables...) }
}

// Main is a service's main function: it calls run, which is to end with Serve,
// with a context that is done when the process is asked to end. Called with the
// argument "health", the program asks the running one how it is instead, and
// exits with 0 if that is well.
func Main(name string, run func(ctx context.Context, s *Service) error, more ...Option) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := program{name: name, getenv: os.Getenv, run: run}
	for _, o := range more {
		o(&p.options)
	}
	code := p.main(ctx, os.Args[1:], os.Stderr)
	stop()
	os.Exit(code)
}

// A program is a service that does not run yet.
type program struct {
	options
	name   string
	getenv func(string) string
	run    func(context.Context, *Service) error
}

func (p program) main(ctx context.Context, args []string, stderr io.Writer) (code int) {
	var err error
	switch {
	case len(args) == 0:
		err = p.start(ctx)
	case len(args) == 1 && args[0] == "health":
		err = p.askHealth(ctx)
	default:
		err = errors.New(`the only argument there is is "health"; settings are environment variables`)
	}
	if err != nil {
		fmt.Fprintf(stderr, "%s: %v\n", p.name, err)
		return 1
	}
	return 0
}

// The live heap of a service is a few megabytes. The limit is for the odd large
// request: from there on, the collector works as hard as it must.
const (
	gcPercent   = 200
	memoryLimit = 128 << 20
)

// start runs the service: it returns when ctx is done and everything has ended.
func (p program) start(ctx context.Context) (err error) {
	if p.getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if p.getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	shutdown, err := telemetry.Start(ctx, telemetry.Options{
		Service: p.name, Version: version.Number, Architecture: "microservices", Getenv: p.getenv,
	})
	if err != nil {
		return err
	}
	defer telemetry.Flush(shutdown)
	s := &Service{Name: p.name, Env: &env.Reader{Getenv: p.getenv}}
	s.Server = &s.served
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.open(ctx, p.options); err != nil {
		return err
	}
	return p.run(ctx, s)
}

// open reads what every service needs, and opens its port before anything else.
// What is wrong with the settings is told when all were read.
func (s *Service) open(ctx context.Context, o options) (err error) {
	variable, addr := o.addr(s.Env)
	if s.listener, err = serve.Listen(ctx, addr); err != nil {
		return fmt.Errorf("%s: %w", variable, err)
	}
	s.AtEnd(func() error {
		s.listener.Close() // again, unless nothing was served
		return nil
	})
	for _, name := range o.needs {
		s.Env.Required(name)
	}
	s.identity = identity(s.Env, s.Name)
	if addr := s.Env.String("DEBUG_ADDR", ""); addr != "" {
		s.Go(func(ctx context.Context) error { return serve.Debug(ctx, addr) })
	}
	s.openFaults()
	return nil
}

func (o options) addr(e *env.Reader) (variable, addr string) {
	if o.http {
		return "HTTP_ADDR", e.String("HTTP_ADDR", "127.0.0.1:8080")
	}
	return "GRPC_ADDR", e.String("GRPC_ADDR", ":9090")
}

// identity reads who this is to others, or complains.
func identity(e *env.Reader, name string) *rpc.Identity {
	dir := e.Required("TLS_DIR")
	if dir == "" {
		return nil
	}
	id, err := rpc.LoadIdentity(dir)
	switch {
	case err != nil:
		e.Complain("TLS_DIR: %w", err)
	case id.Name() != name:
		e.Complain("TLS_DIR: the identity in %s is that of %s", dir, id.Name())
	}
	return id
}
