package rpc

import (
	"context"
	"time"
)

// How long a call may take when its caller does not say.
const (
	unaryTimeout  = 2 * time.Second
	streamTimeout = 35 * time.Second // Prefer: wait=30, and time to answer
)

// withDeadline returns the context of a call with one answer. It ends a little
// before the caller's own does, so that the caller has time to tell what it
// heard, or did not hear.
func withDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return context.WithTimeout(ctx, unaryTimeout)
	}
	return context.WithDeadline(ctx, deadline.Add(-margin(time.Until(deadline))))
}

// margin is what is kept back of the time that is left: a twentieth, 20 to
// 250 ms, but never more than half.
func margin(left time.Duration) time.Duration {
	return min(max(left/20, 20*time.Millisecond), 250*time.Millisecond, left/2)
}
