package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"triptych/lab/bench/measure"
)

// top is how many functions of a profile are printed.
const top = 25

// profiles takes a CPU profile of checkouts and one of reads.
func (st *stage) profiles(ctx context.Context, _ *figures) error {
	for _, p := range []struct {
		name string
		run  func(context.Context) (measure.Tally, error)
	}{{"checkout", st.checkouts}, {"read", st.reads}} {
		file := filepath.Join(st.options.Root, ".triptych", "profiles", "monolith-"+p.name+".pprof")
		if err := st.profile(ctx, file, p.run); err != nil {
			return fmt.Errorf("profile: %w", err)
		}
		out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", fmt.Sprintf("-nodecount=%d", top), file).CombinedOutput()
		if err != nil {
			return fmt.Errorf("go tool pprof: %w\n%s", err, out)
		}
		fmt.Fprintf(st.out, "\nWhere the program's CPU goes in a %s; go tool pprof -http=: %s shows it all\n%s", p.name, file, out)
	}
	return nil
}

func (st *stage) profile(ctx context.Context, file string, run func(context.Context) (measure.Tally, error)) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		_, err := run(ctx)
		return err
	})
	g.Go(func() error { return st.download(ctx, file) })
	return g.Wait()
}

func (st *stage) download(ctx context.Context, file string) error {
	url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", st.debug, max(1, int(st.each.Seconds())-1))
	request, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s says %s", url, answer.Status)
	}
	profile, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(file, profile, 0o644)
}
