package runner

import (
	"log/slog"

	"triptych/faas/registry"
)

// forget removes what is kept of versions that are no more: their figures, and
// with the function its log lines. What cannot be removed is only in the way.
func (r *Runner) forget(old, now *registry.Function) {
	if old == nil || now != nil && len(now.Versions) >= len(old.Versions) {
		return
	}
	name := old.Latest.Name
	err := r.Stats.Keep(func(n, version string) bool {
		if n != name {
			return true
		}
		if now == nil {
			return false
		}
		_, err := now.Version(version)
		return err == nil
	})
	if err != nil {
		slog.Warn("the figures of a function that is gone were not removed", "function", name, "err", err)
	}
	if now != nil {
		return
	}
	if err := r.Journal.Remove(name); err != nil {
		slog.Warn("the log of a function that is gone was not removed", "function", name, "err", err)
	}
}

// known tells whether there is such a version.
func (r *Runner) known(name, version string) bool {
	f, err := r.Registry.Get(name)
	if err != nil {
		return false
	}
	_, err = f.Version(version)
	return err == nil
}
