package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"triptych/lab/launch"
)

// top is how many functions of a profile are printed.
const top = 40

// profile says where the runner's processor time goes: in warm calls of one
// caller, in those of many, and in cold starts. It is not run unless asked for.
func (b *bench) profile(ctx context.Context) error {
	debug, release, err := launch.FreeAddr()
	if err != nil {
		return err
	}
	release()
	r, err := b.runner(ctx, "DEBUG_ADDR="+debug)
	if err != nil {
		return err
	}
	defer r.stop()
	if err := r.deploy(ctx, "hello", b.hello, 0); err != nil {
		return err
	}
	for n := range starters * apiece {
		if err := r.deploy(ctx, functionName(n), b.hello, brief); err != nil {
			return err
		}
	}
	for _, load := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"warm", func(ctx context.Context) error {
			_, err := b.crowd(ctx, &rung{server: r.server, call: hello}, 1)
			return err
		}},
		{"throughput", func(ctx context.Context) error {
			_, err := b.crowd(ctx, &rung{server: r.server, call: hello}, b.callers)
			return err
		}},
		{"cold", func(ctx context.Context) error {
			_, _, err := b.burst(ctx, r)
			return err
		}},
	} {
		if err := load.run(ctx); err != nil { // warms up
			return err
		}
		file := filepath.Join(b.root, ".triptych", "profiles", "faas-"+load.name+".pprof")
		g, both := errgroup.WithContext(ctx)
		g.Go(func() error { return load.run(both) })
		g.Go(func() error { return b.download(both, debug, file) })
		if err := g.Wait(); err != nil {
			return fmt.Errorf("%s: %w", load.name, err)
		}
		out, err := command(ctx, b.root, "go", "tool", "pprof", "-top", fmt.Sprintf("-nodecount=%d", top), file)
		if err != nil {
			return err
		}
		b.say("\n%s; go tool pprof -http=: %s shows it all\n%s", load.name, file, out)
	}
	return nil
}

// download takes a profile for most of the time that a load takes.
func (b *bench) download(ctx context.Context, debug, file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", debug, max(1, int(b.each.Seconds())-1))
	request, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	profile, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s says %s", url, answer.Status)
	}
	return os.WriteFile(file, profile, 0o644)
}
