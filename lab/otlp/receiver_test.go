package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"

	"triptych/internal/waittest"
	"triptych/lab/trace"
)

func TestMain(m *testing.M) { waittest.Main(m) }

// serve runs a receiver until the test ends.
func serve(tb testing.TB, to RelayTo) *Receiver {
	tb.Helper()
	r, err := Listen(to)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			tb.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return r
}

func exporters(tb testing.TB, r *Receiver) map[string]*otlptrace.Exporter {
	tb.Helper()
	all := map[string]*otlptrace.Exporter{}
	for name, client := range map[string]otlptrace.Client{
		"http":      otlptracehttp.NewClient(otlptracehttp.WithEndpointURL(r.URL() + "/v1/traces")),
		"http+gzip": otlptracehttp.NewClient(otlptracehttp.WithEndpointURL(r.URL()+"/v1/traces"), otlptracehttp.WithCompression(otlptracehttp.GzipCompression)),
		"http+json": otlptracehttp.NewClient(otlptracehttp.WithEndpointURL(r.URL()+"/v1/traces"), otlptracehttp.WithEncoding(otlptracehttp.EncodingJSON)),
		"grpc":      otlptracegrpc.NewClient(otlptracegrpc.WithEndpoint(r.GRPCAddr()), otlptracegrpc.WithInsecure()),
		"grpc+gzip": otlptracegrpc.NewClient(otlptracegrpc.WithEndpoint(r.GRPCAddr()), otlptracegrpc.WithInsecure(), otlptracegrpc.WithCompressor("gzip")),
	} {
		x, err := otlptrace.New(tb.Context(), client)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = x.Shutdown(context.Background()) })
		all[name] = x
	}
	return all
}

// What the SDK's own exporters send is what comes out, over each transport.
func TestRoundTrip(t *testing.T) {
	r := serve(t, RelayTo{})
	for name, x := range exporters(t, r) {
		t.Run(name, func(t *testing.T) {
			made := tracetest.NewSpanRecorder()
			provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(x), sdktrace.WithSpanProcessor(made),
				sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "till"), attribute.String("arch", "monolith"))))
			id := sell(provider.Tracer("shop", oteltrace.WithInstrumentationVersion("1")))

			got, err := r.Wait(t.Context(), id, trace.Whole)
			if err != nil {
				t.Fatal(err)
			}
			want := map[trace.SpanID]*trace.Span{}
			for _, s := range made.Ended() {
				want[s.SpanContext().SpanID()] = expected(s)
			}
			for _, s := range got.Spans {
				s.Children = nil
				if diff := cmp.Diff(want[s.ID], s); diff != "" {
					t.Errorf("span %s (-want +got):\n%s", s.Name, diff)
				}
			}
			if len(got.Spans) != 3 || got.Root().Name != "sell" {
				t.Errorf("%d spans under %q, want 3 under sell", len(got.Spans), got.Root().Name)
			}
		})
	}
}

// sell makes a trace of three spans with all that spans can have.
func sell(tracer oteltrace.Tracer) trace.ID {
	ctx, root := tracer.Start(context.Background(), "sell", oteltrace.WithSpanKind(oteltrace.SpanKindServer),
		oteltrace.WithAttributes(attribute.Int64("big", 1<<62+1), attribute.Float64("f", 0.1), attribute.Bool("b", true),
			attribute.StringSlice("list", []string{"a", "ü"}), attribute.String("traceId", "not an id")))
	_, pay := tracer.Start(ctx, "pay", oteltrace.WithLinks(oteltrace.Link{SpanContext: root.SpanContext()}))
	pay.AddEvent("asked the bank", oteltrace.WithAttributes(attribute.String("bank", "b")))
	pay.RecordError(errors.New("no money"))
	pay.SetStatus(codes.Error, "declined")
	pay.End()
	_, pack := tracer.Start(ctx, "pack", oteltrace.WithSpanKind(oteltrace.SpanKindProducer))
	pack.End()
	root.End()
	return root.SpanContext().TraceID()
}

// expected is what should be received of a span.
func expected(s sdktrace.ReadOnlySpan) *trace.Span {
	w := &trace.Span{ID: s.SpanContext().SpanID(), Parent: s.Parent().SpanID(), Name: s.Name(), Kind: s.SpanKind().String(),
		Service: "till", Start: s.StartTime().UTC().Round(0), End: s.EndTime().UTC().Round(0), Error: s.Status().Code == codes.Error,
		StatusMessage: s.Status().Description, Attributes: asMap(s.Attributes()),
		Resource: asMap(s.Resource().Attributes()), Scope: s.InstrumentationScope().Name}
	for _, e := range s.Events() {
		w.Events = append(w.Events, trace.Event{Name: e.Name, At: e.Time.UTC().Round(0), Attributes: asMap(e.Attributes)})
	}
	for _, l := range s.Links() {
		w.Links = append(w.Links, trace.Link{TraceID: l.SpanContext.TraceID(), SpanID: l.SpanContext.SpanID(), Attributes: asMap(l.Attributes)})
	}
	return w
}

func asMap(kvs []attribute.KeyValue) map[string]any {
	if len(kvs) == 0 {
		return nil
	}
	m := map[string]any{}
	for _, kv := range kvs {
		v := kv.Value.AsInterface()
		if list, ok := v.([]string); ok {
			var anys []any
			for _, e := range list {
				anys = append(anys, e)
			}
			v = anys
		}
		m[string(kv.Key)] = v
	}
	return m
}

func TestManyProcessesReportAtOnce(t *testing.T) {
	r := serve(t, RelayTo{})
	xs := exporters(t, r)
	var wg sync.WaitGroup
	for _, x := range xs {
		wg.Go(func() {
			provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(x, sdktrace.WithBatchTimeout(10*time.Millisecond)))
			for range 200 {
				sell(provider.Tracer("shop"))
			}
			if err := provider.ForceFlush(context.Background()); err != nil {
				t.Error(err)
			}
			last := sell(provider.Tracer("shop"))
			if _, err := r.Wait(t.Context(), last, func(tr trace.Trace) bool { return len(tr.Spans) == 3 }); err != nil {
				t.Error(err)
			}
			if err := provider.Shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, want := r.Traces().Tally().Spans, int64(len(xs)*201*3); got != want {
		t.Errorf("%d spans received, want %d", got, want)
	}
}

func compress(tb testing.TB, b []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(b); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// send posts to a receiver; header is pairs of names and values.
func send(tb testing.TB, url string, body []byte, header ...string) (*http.Response, []byte) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return resp, answer
}
