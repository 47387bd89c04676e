package serve

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// checkTimeout is how long a dependency has to answer a readiness check.
const checkTimeout = 2 * time.Second

// Health answers a question of whoever runs the process: should it get
// requests? Whether it is alive, it tells by answering at all; a lost database
// is no reason to restart it.
type Health struct {
	// Check tells whether the dependencies can be reached. Nil is always.
	Check func(context.Context) error

	// Linger is how long the server serves on, not ready, once it was asked to
	// end, for a load balancer to notice. Zero where there is none.
	Linger time.Duration

	leaving atomic.Bool
}

func (h *Health) leave() {
	h.leaving.Store(true)
	time.Sleep(h.Linger)
}

// Err says why requests should go elsewhere, or nil: a dependency cannot be
// reached, or the process is about to end.
func (h *Health) Err(ctx context.Context) error {
	if h.leaving.Load() {
		return errors.New("the process is about to end")
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if h.Check == nil {
		return nil
	}
	return h.Check(ctx)
}
