package trace

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// FromRequest reads what the headers of a request say of its trace. W3C's
// traceparent, when there is a right one, says which span the caller's is: a
// client that makes spans names in it the very call, where X-Amzn-Trace-Id has
// what the client itself was given. The lineage is in the latter alone.
func FromRequest(h http.Header) Header {
	header := Parse(h.Get(Name))
	if h.Get("Traceparent") == "" {
		return header
	}
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(h))
	return header.WithSpan(oteltrace.SpanContextFromContext(ctx))
}
