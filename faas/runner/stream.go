package runner

import (
	"context"
	"sync"

	"triptych/faas/runtimeapi"
	"triptych/faas/trace"
)

// An Answer is what a function answers, while it comes. What it says beside is
// there once the function has begun.
type Answer struct {
	*runtimeapi.Stream
	RequestID string
	Version   string // that runs
	Trace     trace.Header
}

// ErrBroken ends the reading of an Answer that is not whole.
var ErrBroken = runtimeapi.ErrBroken

// Stream gives an event to a function as Invoke does, and has its answer read
// while it comes. read gets it in a goroutine of its own, and is waited for: when
// the answer is not whole, and before that is waited for, failed is called, so
// that a reader which waits for a slow client can be told to give up.
func (r *Runner) Stream(ctx context.Context, in Invocation, read func(*Answer), failed func()) (*Result, error) {
	in.Answer = &Answer{Stream: runtimeapi.NewStream()}
	var reading sync.WaitGroup
	reading.Go(func() {
		defer in.Answer.Close()
		read(in.Answer)
	})
	defer reading.Wait()
	result, err := r.Invoke(ctx, in)
	if err != nil || result.Failed {
		failed()
	}
	return result, err
}
