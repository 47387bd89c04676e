package runner

import (
	"context"
	"errors"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/faasconv"

	"triptych/faas/function"
	"triptych/faas/instance"
)

// metrics are OpenTelemetry's of FaaS. Besides the trigger, which the
// convention asks for, each says which function it is about, as one runner has
// many, and how its instance came to be: start is cold, warm or provisioned.
type metrics struct {
	invocations faasconv.Invocations
	errors      faasconv.Errors
	timeouts    faasconv.Timeouts
	coldstarts  faasconv.Coldstarts
	invoke      faasconv.InvokeDuration
	init        faasconv.InitDuration
	memory      faasconv.MemUsage
}

// seconds are the bounds of durations: those that the convention advises, and
// more at both ends, for calls that take a fraction of a millisecond here and
// for Lambda's longest, of fifteen minutes.
var seconds = metric.WithExplicitBucketBoundaries(.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .075,
	.1, .25, .5, .75, 1, 2.5, 5, 7.5, 10, 30, 60, 300, 900)

// mebibytes are the bounds of memory.
var mebibytes = metric.WithExplicitBucketBoundaries(8<<20, 16<<20, 32<<20, 64<<20, 128<<20, 256<<20, 512<<20, 1<<30, 2<<30, 4<<30, 8<<30)

func newMetrics() (*metrics, error) {
	meter := otel.Meter(scope)
	m := &metrics{}
	var errs [7]error
	m.invocations, errs[0] = faasconv.NewInvocations(meter)
	m.errors, errs[1] = faasconv.NewErrors(meter)
	m.timeouts, errs[2] = faasconv.NewTimeouts(meter)
	m.coldstarts, errs[3] = faasconv.NewColdstarts(meter)
	m.invoke, errs[4] = faasconv.NewInvokeDuration(meter, seconds)
	m.init, errs[5] = faasconv.NewInitDuration(meter, seconds)
	m.memory, errs[6] = faasconv.NewMemUsage(meter, mebibytes)
	return m, errors.Join(errs[:]...)
}

// ran tells of an invocation that ran.
func (m *metrics) ran(ctx context.Context, w *witness, o *instance.Outcome) {
	if !m.invocations.Enabled(ctx) && !m.invoke.Enabled(ctx) {
		return // nobody takes them
	}
	start := w.start(o)
	set := attribute.NewSet(
		semconv.FaaSName(w.config.Name),
		semconv.FaaSVersion(w.config.Version),
		semconv.FaaSTriggerKey.String(w.in.trigger()),
		attribute.String("start", start),
	)
	m.invocations.AddSet(ctx, 1, set)
	m.invoke.RecordSet(ctx, o.Duration.Seconds(), set)
	m.memory.RecordSet(ctx, function.MB(o.MaxMemory), set)
	if o.Failed {
		m.errors.AddSet(ctx, 1, set)
	}
	if o.ErrorType == timedOut {
		m.timeouts.AddSet(ctx, 1, set)
	}
	if start == startCold {
		m.coldstarts.AddSet(ctx, 1, set)
		m.init.RecordSet(ctx, o.Init.Ready.Sub(o.Init.Begun).Seconds(), set)
	}
}
