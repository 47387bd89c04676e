// Command broker is the Kafka broker that comes with Triptych, so that the shop
// runs without one being set up: kfake, from the authors of franz-go, with its
// log on disk.
//
// It is a broker for development. What it has acknowledged, and the offsets of
// groups, survive the end of its process, kill -9 included; a power cut they
// survive only with SYNC=on, which costs most of its speed. There is one of it:
// nothing is replicated, and nobody has to prove who they are. For anything else
// there is Apache Kafka, which the same programs talk to.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/twmb/franz-go/pkg/kfake"

	"triptych/internal/serve"
	"triptych/internal/telemetry"
	"triptych/internal/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Getenv); err != nil {
		fmt.Fprintln(os.Stderr, "broker:", err)
		os.Exit(1)
	}
}

// run is the program: it returns when ctx is done and what there is to keep is
// on disk.
func run(ctx context.Context, getenv func(string) string) error {
	cfg, err := readConfig(getenv)
	if err != nil {
		return err
	}
	shutdown, err := telemetry.Start(ctx, telemetry.Options{Service: "broker", Version: version.Number, Getenv: getenv})
	if err != nil {
		return err
	}
	defer telemetry.Flush(shutdown)
	listener, err := serve.Listen(ctx, cfg.addr)
	if err != nil {
		return fmt.Errorf("BROKER_ADDR: %w", err)
	}
	unlock, err := lock(cfg.data)
	if err != nil {
		listener.Close()
		return fmt.Errorf("BROKER_DATA: %w", err)
	}
	defer unlock()
	c, err := kfake.NewCluster(cfg.options(advertised{bounded{listener}, cfg.advertised})...)
	if err != nil {
		listener.Close()
		return fmt.Errorf("the data in %s cannot be used: %w", cfg.data, err)
	}
	defer c.Close()
	slog.Info("broker is ready", "addr", c.ListenAddrs()[0], "data", cfg.data, "sync", cfg.sync)
	<-ctx.Done()
	slog.Info("broker stops")
	return nil
}
