package runner

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	oteltrace "go.opentelemetry.io/otel/trace"

	"triptych/faas/function"
	"triptych/faas/instance"
	"triptych/faas/pool"
	"triptych/faas/stats"
	"triptych/faas/trace"
)

// scope names the runner's spans and metrics as its own.
const scope = "triptych/faas/runner"

// A witness sees one invocation and tells of it: to the ledger always, and by
// spans and metrics when somebody takes them. A trace looks like this; an event
// that found an idle instance has place and invoke alone:
//
//	NAME                     from the event's arrival to its answer
//	  queue                  until it was taken from the queue; of events that nobody waits for
//	  place                  until there was an instance
//	  fetch  spawn  init     what was waited for when that was a new one
//	  invoke                 the function's own time; it is the parent of what the function calls
//
// Source of all names: OpenTelemetry's semantic conventions for FaaS, 1.43.
type witness struct {
	runner  *Runner
	config  *function.Config
	in      Invocation
	arrived time.Time

	ctx    context.Context
	span   oteltrace.Span // of the whole
	invoke oteltrace.Span // nil until the function has its event
	traced bool           // the spans are taken by somebody
	env    *environment   // nil until there is one
}

// observe begins the span of an invocation, in the trace of its caller. When
// nobody takes spans, this is all that they cost.
func (r *Runner) observe(ctx context.Context, c *function.Config, in Invocation) *witness {
	w := &witness{runner: r, config: c, in: in, arrived: time.Now()}
	begun := w.arrived
	if !in.Due.IsZero() {
		begun = in.Due
	}
	if caller := in.Trace.SpanContext(); caller.IsValid() {
		ctx = oteltrace.ContextWithRemoteSpanContext(ctx, caller)
	}
	options := []oteltrace.SpanStartOption{oteltrace.WithSpanKind(oteltrace.SpanKindServer), oteltrace.WithTimestamp(begun)}
	if before := in.Before.SpanContext(); before.IsValid() { // in a trace of its own, when the caller has none
		options = append(options, oteltrace.WithLinks(oteltrace.Link{SpanContext: before}))
	}
	w.ctx, w.span = r.tracer.Start(ctx, c.Name, options...)
	if w.traced = w.span.IsRecording(); !w.traced {
		return w
	}
	w.span.SetAttributes(
		semconv.FaaSName(c.Name),
		semconv.FaaSVersion(c.Version),
		semconv.FaaSMaxMemory(int(function.MB(c.Memory))),
		semconv.FaaSInvocationID(in.RequestID),
		semconv.FaaSTriggerKey.String(in.trigger()),
		semconv.CloudResourceID(function.ARN(in.Ref.Name, in.Ref.Qualifier)),
	)
	if !in.Due.IsZero() {
		w.step("queue", in.Due, w.arrived, attribute.Int("runner.attempt", in.Attempt))
	}
	return w
}

// placed is told which instance the event was given to.
func (w *witness) placed(l *pool.Lease[*environment]) {
	w.env = l.Env
	if w.traced {
		w.step("place", l.Asked, l.Placed, attribute.Bool("runner.waited", l.Waited))
	}
}

// begin begins the span of the function, and returns what the function is told
// of the trace: that it is called from within that span.
func (w *witness) begin(h trace.Header) trace.Header {
	if !w.traced {
		return h
	}
	var ctx context.Context
	ctx, w.invoke = w.runner.tracer.Start(w.ctx, "invoke")
	return h.WithSpan(oteltrace.SpanContextFromContext(ctx))
}

// gone is told that the instance ended before it took the event.
func (w *witness) gone() {
	if w.invoke != nil {
		w.invoke.SetStatus(codes.Error, "the instance ended before it took the event")
		w.invoke.End()
		w.invoke = nil
	}
}

// end is told how the invocation went: it ran, or there is an error.
func (w *witness) end(o *instance.Outcome, err error) {
	now := time.Now()
	w.count(o, err, now)
	if w.traced {
		w.trace(o, err, now)
	}
}

// count has the ledger and the metrics count the invocation.
func (w *witness) count(o *instance.Outcome, err error, now time.Time) {
	counter := w.runner.Stats.Counter(w.config.Name, w.config.Version)
	if err != nil {
		if !errors.Is(err, context.Canceled) {
			counter.Refused(function.From(err))
		}
		return
	}
	counter.Ran(stats.Run{
		Cold:     w.start(o) == startCold,
		Failed:   o.Failed,
		TimedOut: o.ErrorType == timedOut,
		Duration: o.Duration,
		Answer:   now.Sub(w.arrived),
		Init:     o.Init.Ready.Sub(o.Init.Begun),
		Billed:   o.Billed,
		Memory:   w.config.Memory,
		Peak:     o.MaxMemory,
	})
	w.runner.metrics.ran(w.ctx, w, o)
}

// timedOut is the type of the error of a function that took too long.
const timedOut = "Sandbox.Timedout"

// How the instance of an invocation came to be.
const (
	startCold        = "cold"
	startWarm        = "warm"
	startProvisioned = "provisioned"
)

func (w *witness) start(o *instance.Outcome) string {
	switch {
	case w.env != nil && w.env.Provisioned:
		return startProvisioned
	case o.Cold:
		return startCold
	}
	return startWarm
}

// trace ends the spans.
func (w *witness) trace(o *instance.Outcome, err error, now time.Time) {
	defer w.span.End(oteltrace.WithTimestamp(now))
	if err != nil {
		if w.env == nil { // there was none
			w.step("place", w.arrived, now)
		}
		f := function.From(err)
		w.span.SetAttributes(semconv.ErrorTypeKey.String(f.Type))
		w.span.SetStatus(codes.Error, f.Message)
		return
	}
	w.began(o)
	cold := w.start(o) == startCold
	w.span.SetAttributes(semconv.FaaSColdstart(cold))
	if env := w.env; env != nil {
		w.span.SetAttributes(semconv.FaaSInstance(env.Stream.Name()))
	} else {
		w.step("place", w.arrived, now) // its initialisation has failed
	}
	ended := []oteltrace.Span{w.span}
	if w.invoke != nil {
		defer w.invoke.End(oteltrace.WithTimestamp(now))
		ended = append(ended, w.invoke)
	}
	if !o.Failed {
		return
	}
	kind := o.ErrorType
	if kind == "" {
		kind = "Unhandled"
	}
	for _, span := range ended {
		span.SetAttributes(semconv.ErrorTypeKey.String(kind))
		span.SetStatus(codes.Error, "the function failed")
	}
}

// began tells of the start of the instance, if the event had to wait for it.
func (w *witness) began(o *instance.Outcome) {
	if !o.Cold || o.Init.Ready.Before(w.arrived) {
		return
	}
	if env := w.env; env != nil && env.fetched.After(w.arrived) {
		w.step("fetch", env.fetching, env.fetched, attribute.String("runner.code", w.config.Code.String()))
	}
	w.step("spawn", o.Init.Begun, o.Init.Spawned)
	w.step("init", o.Init.Spawned, o.Init.Ready)
}

// step makes the span of something that is over.
func (w *witness) step(name string, begun, ended time.Time, attributes ...attribute.KeyValue) {
	_, span := w.runner.tracer.Start(w.ctx, name, oteltrace.WithTimestamp(begun), oteltrace.WithAttributes(attributes...))
	span.End(oteltrace.WithTimestamp(ended))
}
