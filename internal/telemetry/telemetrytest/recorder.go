// Package telemetrytest records spans in memory, so that a test can say what
// should have been traced.
package telemetrytest

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

// A Recorder keeps every span that ends.
type Recorder struct {
	spans    *tracetest.SpanRecorder
	provider *trace.TracerProvider
}

// New returns a recorder for code that is handed its tracer provider. Tests
// with recorders of their own may run in parallel.
func New(tb testing.TB) *Recorder {
	spans := tracetest.NewSpanRecorder()
	r := &Recorder{spans, trace.NewTracerProvider(trace.WithSpanProcessor(spans))}
	tb.Cleanup(func() { _ = r.provider.Shutdown(context.Background()) })
	return r
}

// Install returns a recorder that is OpenTelemetry's global tracer provider,
// with W3C propagation, until the test ends. Such tests must not run in
// parallel.
func Install(tb testing.TB) *Recorder {
	r := New(tb)
	provider, propagator := otel.GetTracerProvider(), otel.GetTextMapPropagator()
	otel.SetTracerProvider(r.provider)
	otel.SetTextMapPropagator(propagation.TraceContext{})
	tb.Cleanup(func() {
		otel.SetTracerProvider(provider)
		otel.SetTextMapPropagator(propagator)
	})
	return r
}

// Provider returns the tracer provider whose spans are recorded.
func (r *Recorder) Provider() *trace.TracerProvider { return r.provider }

// Spans returns the spans that have ended, in the order of their ends.
func (r *Recorder) Spans() []trace.ReadOnlySpan { return r.spans.Ended() }

// Names returns the names of those spans.
func (r *Recorder) Names() []string {
	var names []string
	for _, s := range r.Spans() {
		names = append(names, s.Name())
	}
	return names
}
