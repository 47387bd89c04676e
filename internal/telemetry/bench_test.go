package telemetry

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// cpu returns the processor time that this process has used.
func cpu(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// sell makes a span as a query of the shop makes one.
func sell(ctx context.Context, tracer oteltrace.Tracer) {
	_, span := tracer.Start(ctx, "SELECT", oteltrace.WithSpanKind(oteltrace.SpanKindClient), oteltrace.WithAttributes(
		attribute.String("db.system.name", "postgresql"),
		attribute.String("db.query.text", "UPDATE products SET stock = stock - $2 WHERE sku = $1 AND stock >= $2 RETURNING price"),
		attribute.String("db.operation.name", "UPDATE"),
		attribute.String("server.address", "127.0.0.1"),
		attribute.Int("server.port", 5432),
		attribute.String("db.namespace", "triptych")))
	span.End()
}

// BenchmarkSpan measures what one span costs the whole process, the sending
// included. The metric to read is cpu-ns/op: sending happens beside the loop.
func BenchmarkSpan(b *testing.B) {
	drain := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	b.Cleanup(drain.Close)
	for name, o := range map[string]Options{
		"off":        {},
		"exported":   {Getenv: exportTo(drain.URL)},
		"compressed": {Getenv: exportTo(drain.URL)},
	} {
		b.Run(name, func(b *testing.B) {
			if name == "compressed" {
				b.Setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")
			}
			_, stop := start(b, o)
			tracer := otel.Tracer("bench")
			flush := otel.GetTracerProvider().(*trace.TracerProvider).ForceFlush
			b.ReportAllocs()
			b.ResetTimer()
			before := cpu(b)
			for i := range b.N {
				sell(b.Context(), tracer)
				if i%batchSize == batchSize-1 { // the queue must not overflow, as dropping is cheap
					_ = flush(b.Context())
				}
			}
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
			b.StopTimer()
			stop()
		})
	}
}

// BenchmarkHandler measures what otelhttp adds to a request.
func BenchmarkHandler(b *testing.B) {
	drain := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	b.Cleanup(drain.Close)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/products/{sku}", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"sku":"TEA-1"}`)
	})
	for name, o := range map[string]Options{
		"bare":         {},
		"otelhttp/off": {},
		"otelhttp/on":  {Getenv: exportTo(drain.URL)},
	} {
		b.Run(name, func(b *testing.B) {
			_, stop := start(b, o)
			var h http.Handler = mux
			if name != "bare" {
				h = otelhttp.NewHandler(mux, "http")
			}
			flush := otel.GetTracerProvider().(*trace.TracerProvider).ForceFlush
			b.ReportAllocs()
			b.ResetTimer()
			before := cpu(b)
			for i := range b.N {
				r := httptest.NewRequest("GET", "/v1/products/TEA-1", nil)
				h.ServeHTTP(httptest.NewRecorder(), r)
				if i%batchSize == batchSize-1 {
					_ = flush(b.Context())
				}
			}
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
			b.StopTimer()
			stop()
		})
	}
}
