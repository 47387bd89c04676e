package runner

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/semconv/v1.43.0/faasconv"

	"triptych/faas/function"
	"triptych/faas/mapping"
	"triptych/faas/poller"
)

// poll has the records of a mapped topic given to functions by way of the runner,
// like all other events.
func (r *Runner) poll() mapping.Run {
	return func(ctx context.Context, m mapping.Mapping, p *mapping.Progress) {
		o := poller.Options{Invoker: batches{r}, Sender: r.Queue, Waits: r.o.SourceWaits, Drain: Drain}
		o.Run(ctx, m, p)
	}
}

// batches makes the runner what pollers give batches to.
type batches struct{ *Runner }

// InvokeBatch gives a batch of records to its function.
func (r batches) InvokeBatch(ctx context.Context, b poller.Batch) (poller.Answer, error) {
	result, err := r.Invoke(ctx, Invocation{
		Ref:       b.Ref,
		RequestID: b.RequestID,
		Payload:   b.Payload,
		Trace:     b.Trace,
		Trigger:   string(faasconv.TriggerPubSub),
		Due:       b.Due,
		Attempt:   b.Attempt,
	})
	if err != nil {
		return poller.Answer{}, r.explain(b.Ref, err)
	}
	return poller.Answer{Version: result.Version, Failed: result.Failed, Payload: result.Payload}, nil
}

// explain says more of a throttle than Lambda's own words, which nobody reads who
// looks at a mapping.
func (r *Runner) explain(ref function.Ref, err error) error {
	e := function.From(err)
	if e.Status != http.StatusTooManyRequests {
		return e
	}
	why := *e
	f, gone := r.Registry.Get(ref.Name)
	switch {
	case gone == nil && f.Reserved != nil && *f.Reserved == 0:
		why.Message = "it is switched off, by a reserved concurrency of 0"
	default:
		why.Message = "all the concurrency that it may have is in use (" + e.Reason + ")"
	}
	return &why
}
