package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"triptych/internal/postgres"
	"triptych/internal/rpc"
	"triptych/internal/serve"
)

// Go runs f beside the server, from Serve on. When it fails the service ends.
// At the end its ctx is done after the last call was answered.
func (s *Service) Go(f func(ctx context.Context) error) { s.work = append(s.work, f) }

// Every calls f beside the server, once in each interval.
func (s *Service) Every(interval time.Duration, f func(ctx context.Context)) {
	s.Go(func(ctx context.Context) error {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
				f(ctx)
			}
		}
	})
}

// Serve serves gRPC until ctx is done, and returns when everything has ended.
func (s *Service) Serve(ctx context.Context) error {
	if err := s.Env.Err(); err != nil {
		return err
	}
	server := rpc.NewServer(s.identity, rpc.Options{Check: s.check, Translate: postgres.Fault})
	for _, register := range s.served {
		register(server)
	}
	return s.run(ctx, func(ctx context.Context) error { return server.Serve(ctx, s.listener) })
}

// ServeHTTP is Serve for the service that was given to Main with HTTP.
func (s *Service) ServeHTTP(ctx context.Context, h http.Handler, health *serve.Health) error {
	if err := s.Env.Err(); err != nil {
		return err
	}
	return s.run(ctx, func(ctx context.Context) error { return serve.HTTP(ctx, s.listener, h, health) })
}

// run serves, and works beside it. The end comes in order: the server answers
// the calls that have begun while the work goes on, since they may wait for it;
// then the work ends; then, in Main, what both have used.
func (s *Service) run(ctx context.Context, serve func(context.Context) error) error {
	slog.InfoContext(ctx, s.Name+" serves", "addr", s.listener.Addr().String())

	serving, stop := context.WithCancel(ctx)
	defer stop()
	working, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	g, working := errgroup.WithContext(working)
	defer context.AfterFunc(working, stop)() // work that fails ends the server too
	g.Go(func() error {
		defer end()
		return serve(serving)
	})
	g.Go(func() error {
		giveBack(working, collections, debug.FreeOSMemory)
		return nil
	})
	for _, f := range s.work {
		g.Go(func() error {
			err := f(working)
			if working.Err() != nil && errors.Is(err, context.Canceled) {
				return nil // it was asked to
			}
			return err
		})
	}
	return g.Wait()
}

// close closes what was opened, the last first.
func (s *Service) close() error {
	var errs []error
	for _, f := range slices.Backward(s.closers) {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// A check asks something that the service cannot do without.
type check struct {
	what string
	ask  func(context.Context) error
}

// check returns nil when everything answers.
func (s *Service) check(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, c := range s.checks {
		g.Go(func() error {
			if err := c.ask(ctx); err != nil {
				return fmt.Errorf("%s: %w", c.what, err)
			}
			return nil
		})
	}
	return g.Wait()
}
