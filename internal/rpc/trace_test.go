package rpc_test

import (
	"testing"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"

	"triptych/internal/rpc"
	"triptych/internal/rpc/rpctest"
	"triptych/internal/waittest"
)

func TestACallIsOneTraceOnBothSides(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	provider, propagator := otel.GetTracerProvider(), otel.GetTextMapPropagator()
	t.Cleanup(func() {
		otel.SetTracerProvider(provider)
		otel.SetTextMapPropagator(propagator)
	})
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(spans)))
	otel.SetTextMapPropagator(propagation.TraceContext{})

	c := rpctest.Serve(t, "stock", "gateway", echo{unary: same}.register)
	if err := rpc.Health(t.Context(), c); err != nil { // not a part of anything
		t.Fatal(err)
	}
	if _, err := call(t.Context(), c, "Once", ""); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "both spans have ended", func() bool { return len(spans.Ended()) >= 2 })

	kinds := map[oteltrace.SpanKind]trace.ReadOnlySpan{}
	for _, s := range spans.Ended() {
		if s.Name() != "test.v1.Echo/Once" {
			t.Errorf("there is a span %s", s.Name())
		}
		kinds[s.SpanKind()] = s
	}
	client, server := kinds[oteltrace.SpanKindClient], kinds[oteltrace.SpanKindServer]
	if client == nil || server == nil || len(spans.Ended()) != 2 {
		t.Fatalf("spans %v, want one on each side", spans.Ended())
	}
	if server.Parent().SpanID() != client.SpanContext().SpanID() {
		t.Errorf("the server's span is below %s, not below the client's", server.Parent().SpanID())
	}
}
