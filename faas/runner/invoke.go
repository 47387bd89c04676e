package runner

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/semconv/v1.43.0/faasconv"

	"triptych/faas/function"
	"triptych/faas/instance"
	"triptych/faas/registry"
	"triptych/faas/runtimeapi"
	"triptych/faas/trace"
)

// An Invocation is an event for a function.
type Invocation struct {
	Ref           function.Ref
	RequestID     string // a UUID; empty makes one
	Payload       []byte
	ClientContext string // JSON
	Tenant        string
	Trace         trace.Header // of the caller
	Tail          bool         // the end of the log is wanted

	Answer *Answer // takes the answer while it comes; nil has Result take it whole

	Trigger string       // OpenTelemetry's faas.trigger; empty is other
	Due     time.Time    // of a queued event: when it was to be delivered
	Attempt int          // of a queued event: 1 at the first try
	Before  trace.Header // of a queued event: of its run before
}

func (in *Invocation) trigger() string { return cmp.Or(in.Trigger, string(faasconv.TriggerOther)) }

// A Result is how it went.
type Result struct {
	instance.Outcome
	RequestID string
	Version   string // that ran
	Trace     trace.Header
}

// attempts is how often an event is given to another instance when the one it
// was given to had gone away in the same moment. A function all of whose
// instances do is one that cannot run.
const attempts = 5

// Invoke gives an event to a function and waits for its answer. The error is a
// *function.Error when it did not run; when it ran and failed, the result says
// so. Once a function has begun, it goes on whether or not ctx does.
func (r *Runner) Invoke(ctx context.Context, in Invocation) (*Result, error) {
	if in.Answer != nil {
		defer in.Answer.Break() // of which nothing comes when it did not run
	}
	f, c, err := r.Registry.Resolve(in.Ref)
	if err != nil {
		return nil, err
	}
	if in.RequestID == "" {
		in.RequestID = uuid.NewString()
	}
	header, err := hop(f, in.Trace)
	if err != nil {
		return nil, err
	}
	result := &Result{RequestID: in.RequestID, Version: c.Version, Trace: header}
	w := r.observe(ctx, c, in)
	err = r.invoke(ctx, c, in, result, w)
	w.end(&result.Outcome, err)
	if err != nil {
		return nil, err
	}
	return result, nil
}

func (r *Runner) invoke(ctx context.Context, c *function.Config, in Invocation, result *Result, w *witness) error {
	event := runtimeapi.Event{
		RequestID:     in.RequestID,
		ARN:           function.ARN(in.Ref.Name, in.Ref.Qualifier),
		ClientContext: in.ClientContext,
		Tenant:        in.Tenant,
		Payload:       in.Payload,
	}
	if in.Answer != nil {
		event.Stream = in.Answer.Stream
	}
	for range attempts {
		ran, err := r.run(ctx, c, event, in, result, w)
		if ran || err != nil || event.Stream != nil && event.Stream.HasBegun() {
			return err
		}
	}
	return nil // what the last of them died of
}

// run gives the event to one instance. It returns false when that was gone
// before it took it.
func (r *Runner) run(ctx context.Context, c *function.Config, event runtimeapi.Event, in Invocation, result *Result, w *witness) (bool, error) {
	lease, err := r.pool.Acquire(ctx, c)
	if failure, ok := errors.AsType[*instance.Failure](err); ok {
		result.Outcome = failure.Outcome(event.RequestID)
		return true, nil
	}
	if err != nil {
		return false, err
	}
	w.placed(lease)
	begun := time.Now()
	r.quiet.work(begun)
	header := w.begin(result.Trace)
	event.TraceID = header.String()
	if a := in.Answer; a != nil {
		a.RequestID, a.Version, a.Trace = in.RequestID, c.Version, header
	}
	outcome, ran := lease.Env.Invoke(lease.Poll, event, in.Tail)
	result.Outcome, result.Trace = outcome, header
	if !ran {
		lease.Miss()
		w.gone()
		return false, nil
	}
	lease.End(begun.Add(c.Timeout))
	return true, nil
}

// hop counts this run in the lineage of calls that led to it, and refuses one
// that goes round in a circle, unless that is allowed.
func hop(f *registry.Function, caller trace.Header) (trace.Header, error) {
	if !caller.Root.IsValid() {
		fresh := trace.New(time.Now())
		fresh.Lineage = caller.Lineage
		caller = fresh
	}
	header, within := caller.Hop(f.Latest.Name)
	if !within && f.Recursion != registry.RecursionAllow {
		return header, function.Recursive()
	}
	return header, nil
}

// CheckPayload reports what is wrong with an event: Lambda takes JSON only, of
// a bounded size. An empty one is allowed, and stands for {}.
func CheckPayload(payload []byte, limit int) error {
	if len(payload) > limit {
		return function.TooLarge(limit)
	}
	if len(payload) > 0 && !json.Valid(payload) {
		var v any
		return function.InvalidContent("Could not parse request body into json: %v", json.Unmarshal(payload, &v))
	}
	return nil
}
