package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"triptych/lab/bench/measure"
	"triptych/lab/launch"
)

// profile says where the processor time of orders goes, by the layers of the
// programs. It is a run of its own, as no other has profiles switched on.
func (b *bench) profile(ctx context.Context) error {
	debug, env := map[string]string{}, map[string][]string{}
	for _, name := range serviceNames {
		addr, release, err := launch.FreeAddr()
		if err != nil {
			return err
		}
		defer release()
		debug[name], env[name] = addr, []string{"DEBUG_ADDR=" + addr}
	}
	r, _, err := b.services(ctx, "profile", func(o *launch.Options) { o.EnvOf = env })
	if err != nil {
		return err
	}
	defer r.stop()
	if err := b.warm(ctx, &r, b.load); err != nil {
		return err
	}
	files, done, err := b.profiles(ctx, r, debug)
	if err != nil {
		return err
	}
	found := map[string]shares{}
	for name, file := range files {
		traces, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-traces", file).Output()
		if err != nil {
			return fmt.Errorf("go tool pprof of %s: %w", name, err)
		}
		if found[name], err = parseTraces(string(traces)); err != nil {
			return fmt.Errorf("the profile of %s: %w", name, err)
		}
	}
	b.showLayers(found, float64(done)/1000)
	b.say("\nAll there is to see: go tool pprof -http=: %s/*.pprof\n", filepath.Dir(files["orders"]))
	return nil
}

// profiles downloads one of each service while customers buy, and returns their
// files and the number of orders meanwhile.
func (b *bench) profiles(ctx context.Context, r rig, debug map[string]string) (files map[string]string, orders int, err error) {
	dir := filepath.Join(b.root, ".triptych", "profiles", "microservices")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, 0, err
	}
	files = map[string]string{}
	var t measure.Tally
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		t, err = r.orders(ctx, b.load, b.each)
		return err
	})
	for name, addr := range debug {
		file := filepath.Join(dir, name+".pprof")
		files[name] = file
		g.Go(func() error { return download(ctx, addr, b.each, file) })
	}
	err = g.Wait()
	return files, t.Done, err
}

func download(ctx context.Context, addr string, during time.Duration, file string) error {
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", addr, max(1, int(during.Seconds())))
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
