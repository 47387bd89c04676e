package runner

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"triptych/faas/async"
	"triptych/faas/function"
	"triptych/faas/registry"
	"triptych/faas/trace"
)

// Drain is how long events under way may take once the runner is to end. Those
// of the queue that take longer are kept, and delivered again by the next.
const Drain = 10 * time.Second

// Accept queues an event that nobody waits for. It is on disk when Accept
// returns. Its client context is left out, as on Lambda.
func (r *Runner) Accept(ctx context.Context, in Invocation) error {
	if _, _, err := r.Registry.Resolve(in.Ref); err != nil {
		return err
	}
	return r.Queue.Add(ctx, async.Event{
		ID:      in.RequestID,
		Ref:     in.Ref,
		Payload: in.Payload,
		TraceID: in.Trace.String(),
		Tenant:  in.Tenant,
	})
}

// Run delivers the events that are queued, and the records of topics that functions
// are mapped to, until ctx is done and those under way have been answered or given
// up. Now and then it removes code that no version
// needs any more.
func (r *Runner) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return r.Queue.Run(ctx) })
	g.Go(func() error { return r.Mappings.Run(ctx) })
	g.Go(func() error { r.collect(ctx); return nil })
	return g.Wait()
}

// queued makes the runner what the queue delivers to.
type queued struct{ *Runner }

// InvokeEvent gives a queued event to its function. When the runner is to end,
// it is given up after a while; the queue keeps it.
func (r queued) InvokeEvent(ctx context.Context, e async.Event) (async.Result, error) {
	type answer struct {
		result *Result
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		result, err := r.Invoke(ctx, Invocation{
			Ref:       e.Ref,
			RequestID: e.ID,
			Payload:   e.Payload,
			Tenant:    e.Tenant,
			Trace:     trace.Parse(e.TraceID),
			Due:       e.Due,
			Attempt:   e.Attempt,
			Before:    trace.Parse(e.Before),
		})
		answered <- answer{result, err}
	}()
	select {
	case a := <-answered:
		return asyncResult(a.result), a.err
	case <-ctx.Done():
	}
	select {
	case a := <-answered:
		return asyncResult(a.result), a.err
	case <-time.After(Drain):
		return async.Result{}, fmt.Errorf("event %s of %s was still under way when the runner ended", e.ID, e.Ref)
	}
}

func asyncResult(r *Result) async.Result {
	if r == nil {
		return async.Result{}
	}
	result := async.Result{Status: 200, Payload: r.Payload, ExecutedVersion: r.Version, TraceID: r.Trace.String()}
	if r.Failed {
		result.FunctionError = "Unhandled"
	}
	return result
}

// policy tells the queue what holds for the events of a function.
func (r *Runner) policy(ref function.Ref) (async.Settings, error) {
	f, c, err := r.Registry.Lookup(ref) // whether it can be run is asked later
	if err != nil {
		return async.Settings{}, err
	}
	a := f.AsyncOf(ref.Qualifier)
	return async.Settings{
		MaximumRetryAttempts: a.Retries,
		MaximumEventAge:      a.MaxAge,
		OnSuccess:            a.OnSuccess,
		OnFailure:            a.OnFailure,
		DeadLetter:           c.DeadLetter,
		ZeroReserved:         f.Reserved != nil && *f.Reserved == 0,
		Recursive:            f.Recursion == registry.RecursionAllow,
	}, nil
}
