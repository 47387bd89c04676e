package otlp

import (
	"context"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// batch is an exporter's request of 500 spans, in traces of ten, as of queries.
func batch(tb testing.TB) []byte {
	tb.Helper()
	text := func(s string) *commonpb.AnyValue {
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
	}
	var spans []*tracepb.Span
	for n := range 500 {
		spans = append(spans, &tracepb.Span{
			TraceId: append(make([]byte, 14), byte(n/10+1), 1), SpanId: append(make([]byte, 6), byte(n/250), byte(n%250+1)),
			Name: "SELECT", StartTimeUnixNano: 1, EndTimeUnixNano: 2,
			Attributes: []*commonpb.KeyValue{
				{Key: "db.query.text", Value: text("UPDATE products SET stock = stock - $2 WHERE sku = $1 AND stock >= $2 RETURNING price")},
				{Key: "db.system.name", Value: text("postgresql")},
				{Key: "db.operation.name", Value: text("UPDATE")},
				{Key: "server.address", Value: text("127.0.0.1")},
			}})
	}
	b, err := proto.Marshal(&coltrace.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{
		{ScopeSpans: []*tracepb.ScopeSpans{{Spans: spans}}}}})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// BenchmarkReceive posts batches of 500 spans. cpu-ns/span is of client and
// server together; the client sends bytes that are made already.
func BenchmarkReceive(b *testing.B) {
	r := serve(b, RelayTo{})
	body := batch(b)
	b.SetBytes(int64(len(body)))
	before, began := cpu(b), time.Now()
	for b.Loop() {
		send(b, r.URL()+"/v1/traces", body, "Content-Type", typeProtobuf)
	}
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N*500), "cpu-ns/span")
	b.ReportMetric(float64(b.N*500)/time.Since(began).Seconds(), "spans/s")
}

// BenchmarkExportAndReceive is the whole way, from a span that ends in one
// process to its being kept in another, less the making of the span.
func BenchmarkExportAndReceive(b *testing.B) {
	r := serve(b, RelayTo{})
	spans := tracetest.NewSpanRecorder()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	for range 500 {
		_, s := provider.Tracer("shop").Start(context.Background(), "UPDATE")
		s.SetAttributes(attribute.String("db.query.text", "UPDATE products SET stock = stock - $2 WHERE sku = $1 AND stock >= $2 RETURNING price"),
			attribute.String("db.system.name", "postgresql"), attribute.String("server.address", "127.0.0.1"))
		s.End()
	}
	for name, x := range exporters(b, r) {
		b.Run(name, func(b *testing.B) {
			before := cpu(b)
			for b.Loop() {
				if err := x.ExportSpans(b.Context(), spans.Ended()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N*500), "cpu-ns/span")
		})
	}
}

func cpu(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
