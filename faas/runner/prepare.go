package runner

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"triptych/faas/function"
	"triptych/faas/registry"
)

// collectEvery is how long code that no version needs is kept at most, beyond
// what the store itself keeps it for.
const collectEvery = 10 * time.Minute

// A preparation is what a function waits for.
type preparation struct {
	name string
	code function.Digest
}

// prepare has the code that versions of a function wait for at hand: fetched,
// verified and unpacked, so that the first event need not wait for that. Then
// the versions are Active; until then, what ran before goes on. What a runner
// that was killed has not finished is begun again by the next.
func (r *Runner) prepare(f *registry.Function) {
	for _, d := range f.Waiting() {
		p := preparation{f.Latest.Name, d}
		if _, busy := r.preparing.LoadOrStore(p, nil); !busy {
			r.background.Go(func() { r.fetch(p) })
		}
	}
}

func (r *Runner) fetch(p preparation) {
	unpacked, err := r.Code.Fetch(r.ctx, p.code)
	if err == nil {
		unpacked.Release() // it stays in the cache
	}
	// Before Prepared, so that who waits for the same code from now on begins
	// anew; once too often does no harm.
	r.preparing.Delete(p)
	if r.ctx.Err() != nil {
		return
	}
	if err != nil {
		slog.Warn("the code of a function cannot be run", "function", p.name, "code", p.code.String(), "err", err)
	}
	err = r.Registry.Prepared(p.name, p.code, err)
	if _, ok := errors.AsType[*function.Error](err); err != nil && !ok {
		slog.Error("a function stays as it is until the next start", "function", p.name, "err", err)
	}
}

// collect removes code that no version needs.
func (r *Runner) collect(ctx context.Context) {
	tick := time.NewTicker(collectEvery)
	defer tick.Stop()
	for {
		if err := r.Code.Collect(r.Registry.InUse); err != nil {
			slog.WarnContext(ctx, "code that no version needs was not removed", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
