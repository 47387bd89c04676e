package url_test

import (
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"triptych/faas/api"
	"triptych/faas/registry"
	"triptych/internal/waittest"
)

// TestTrace calls a URL from within a trace, by either header.
func TestTrace(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	t.Cleanup(func() { otel.SetTracerProvider(tracenoop.NewTracerProvider()) })
	l := newLab(t, api.Options{})
	for _, mode := range []string{registry.Buffered, registry.ResponseStream} {
		id := l.function("event", registry.URL{Mode: mode})
		for _, tt := range []struct{ header, trace string }{
			{"Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"},
			{"X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", "5759e988bd862e3fe1be46a994272793"},
		} {
			got := l.send(id, "GET / HTTP/1.1\nHost: HOST\n"+tt.header+"\n\n")
			if root := "Root=1-" + tt.trace[:8] + "-" + tt.trace[8:]; got.StatusCode != http.StatusOK || !strings.HasPrefix(got.Header.Get("X-Amzn-Trace-Id"), root) {
				t.Errorf("%s: answered with %d %s, want %s", tt.header, got.StatusCode, got.Header.Get("X-Amzn-Trace-Id"), root)
			}
			name := "f-" + id[:8]
			var span sdktrace.ReadOnlySpan
			waittest.Until(t, "the span of "+name, func() bool {
				for _, s := range spans.Ended() {
					if s.Name() == name && s.SpanContext().TraceID().String() == tt.trace {
						span = s
					}
				}
				return span != nil
			})
			trigger := ""
			for _, a := range span.Attributes() {
				if a.Key == "faas.trigger" {
					trigger = a.Value.AsString()
				}
			}
			if trigger != "http" || span.SpanKind() != oteltrace.SpanKindServer || !span.Parent().IsRemote() {
				t.Errorf("%s %s: its trigger is %q, and its parent %v", mode, tt.header, trigger, span.Parent())
			}
		}
	}
}
