// Command monolith is the whole shop in one process with one database.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"triptych/api"
	"triptych/internal/env"
	"triptych/internal/postgres"
	"triptych/internal/serve"
	"triptych/internal/telemetry"
	"triptych/internal/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	do := run
	if len(os.Args) == 2 && os.Args[1] == "health" {
		do = askHealth
	}
	if err := do(ctx, os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "monolith:", err)
		os.Exit(1)
	}
}

// askHealth asks the monolith that runs with the same settings how it is, for
// whoever looks after a container of it.
func askHealth(ctx context.Context, getenv func(string) string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	e := env.Reader{Getenv: getenv}
	return serve.AskReady(ctx, e.String("HTTP_ADDR", defaultAddr))
}

// The live heap is a few megabytes, which the default would collect a hundred
// times a second under load: letting it grow to four times that gives 6 % more
// checkouts and 10 % more reads for 15 MB. Large pictures are not let grow so:
// from the limit on, the collector works as hard as it must.
const (
	gcPercent   = 300
	memoryLimit = 128 << 20
)

// run is the program: it returns when ctx is done and everything has ended.
func run(ctx context.Context, getenv func(string) string) error {
	cfg, err := readConfig(getenv)
	if err != nil {
		return err
	}
	if getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	shutdown, err := telemetry.Start(ctx, telemetry.Options{Service: "monolith", Version: version.Number, Architecture: "monolith", Getenv: getenv})
	if err != nil {
		return err
	}
	defer telemetry.Flush(shutdown)
	listener, err := serve.Listen(ctx, cfg.addr)
	if err != nil {
		return fmt.Errorf("HTTP_ADDR: %w", err)
	}
	defer listener.Close()
	if err := postgres.Migrate(ctx, cfg.database, schemas...); err != nil {
		return err
	}
	db, err := postgres.Open(ctx, cfg.database)
	if err != nil {
		return err
	}
	defer db.Close()
	s := newShop(db, cfg.tokens)
	if err := s.createManager(ctx, cfg.managerEmail, cfg.managerPassword); err != nil {
		return fmt.Errorf("MANAGER_EMAIL and MANAGER_PASSWORD: %w", err)
	}
	health := &serve.Health{Check: db.Ping}
	handler := api.Handler(s.contract(), api.Options{
		Architecture: "monolith",
		Version:      version.Number,
		Tokens:       cfg.tokens.Verifier(),
		Health:       health,
		Translate:    translate,
	})
	slog.InfoContext(ctx, "monolith serves", "addr", listener.Addr().String())
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serve.HTTP(ctx, listener, handler, health) })
	g.Go(func() error { return s.tidy(ctx) })
	g.Go(func() error { return s.payday.work(ctx) })
	g.Go(func() error { return s.gallery.resizer.run(ctx) })
	if cfg.debugAddr != "" {
		g.Go(func() error { return serve.Debug(ctx, cfg.debugAddr) })
	}
	return g.Wait()
}
