package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	"go.uber.org/goleak"

	"triptych/internal/waittest"
)

func environment(kv ...string) func(string) string {
	m := map[string]string{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = kv[i+1]
	}
	return func(k string) string { return m[k] }
}

// exportTo is an environment that sends everything to a receiver.
func exportTo(url string) func(string) string {
	return environment("OTEL_EXPORTER_OTLP_ENDPOINT", url)
}

// start starts telemetry for a test and returns its local log and the function
// that flushes and stops it.
func start(tb testing.TB, o Options) (*bytes.Buffer, func()) {
	tb.Helper()
	before := slog.Default()
	tb.Cleanup(func() { slog.SetDefault(before) })
	var out bytes.Buffer
	o.Log = &out
	if o.Getenv == nil {
		o.Getenv = environment()
	}
	stop, err := Start(tb.Context(), o)
	if err != nil {
		tb.Fatal(err)
	}
	return &out, func() {
		tb.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := stop(ctx); err != nil {
			tb.Error(err)
		}
	}
}

func attributes(kvs []*commonpb.KeyValue) map[string]string {
	m := map[string]string{}
	for _, kv := range kvs {
		m[kv.Key] = kv.Value.GetStringValue()
	}
	return m
}

func TestAllThreeSignalsArrive(t *testing.T) {
	running := goleak.IgnoreCurrent()
	c := newCollector(t, nil)
	out, stop := start(t, Options{Service: "till", Version: "1.2.3", Architecture: "monolith",
		Getenv: exportTo(c.URL)})

	ctx, span := otel.Tracer("test").Start(context.Background(), "sell")
	slog.InfoContext(ctx, "sold", "sku", "TEA-1")
	slog.DebugContext(ctx, "not worth a line")
	counter, err := otel.Meter("test").Int64Counter("sales")
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(ctx, 3)
	span.End()
	stop()
	c.Close() // and with it the exporters' idle connections
	waittest.Ended(t, running)

	if got := c.spanNames(); !slices.Equal(got, []string{"sell"}) {
		t.Errorf("spans = %v, want [sell]", got)
	}
	resource := attributes(c.spans[0].Resource.Attributes)
	for k, want := range map[string]string{"service.name": "till", "service.version": "1.2.3", "arch": "monolith"} {
		if resource[k] != want {
			t.Errorf("resource %s = %q, want %q", k, resource[k], want)
		}
	}
	if resource["service.instance.id"] == "" {
		t.Error("no service.instance.id")
	}

	if len(c.logs) != 1 || len(c.logs[0].ScopeLogs[0].LogRecords) != 1 {
		t.Fatalf("logs = %v, want one line", c.logs)
	}
	line := c.logs[0].ScopeLogs[0].LogRecords[0]
	id := span.SpanContext().TraceID()
	if line.Body.GetStringValue() != "sold" || attributes(line.Attributes)["sku"] != "TEA-1" || !bytes.Equal(line.TraceId, id[:]) {
		t.Errorf("log line = %v, want sold, with its sku and trace", line)
	}
	wantLocalLine(t, out, "sold", span.SpanContext())

	var metrics []string
	for _, r := range c.metrics {
		for _, s := range r.ScopeMetrics {
			for _, m := range s.Metrics {
				metrics = append(metrics, m.Name)
			}
		}
	}
	for _, want := range []string{"sales", "go.memory.used", "go.goroutine.count"} {
		if !slices.Contains(metrics, want) {
			t.Errorf("metrics = %v, want %s among them", metrics, want)
		}
	}
}

func wantLocalLine(t *testing.T, out *bytes.Buffer, msg string, sc trace.SpanContext) {
	t.Helper()
	var line struct {
		Msg     string
		TraceID string `json:"trace_id"`
		SpanID  string `json:"span_id"`
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("local log is not one JSON line: %v\n%s", err, out)
	}
	if line.Msg != msg || line.TraceID != sc.TraceID().String() || line.SpanID != sc.SpanID().String() {
		t.Errorf("local line = %+v, want %s of %v", line, msg, sc)
	}
}

func TestWithoutAnEndpointRequestsStillHaveTraceIDs(t *testing.T) {
	out, stop := start(t, Options{Service: "till"})
	ctx, span := otel.Tracer("test").Start(context.Background(), "sell")
	if !span.SpanContext().TraceID().IsValid() || span.IsRecording() {
		t.Errorf("span = %v, recording %t; want an id and nothing recorded", span.SpanContext(), span.IsRecording())
	}
	slog.InfoContext(ctx, "sold")
	wantLocalLine(t, out, "sold", span.SpanContext())

	incoming := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, Remote: true})
	_, child := otel.Tracer("test").Start(trace.ContextWithRemoteSpanContext(context.Background(), incoming), "sell")
	if child.SpanContext().TraceID() != incoming.TraceID() {
		t.Error("an incoming trace id is not continued")
	}
	stop()
}

func TestContextAndBaggageTravelInHeaders(t *testing.T) {
	_, stop := start(t, Options{Service: "till"})
	defer stop()
	member, err := baggage.NewMember("run", "7")
	if err != nil {
		t.Fatal(err)
	}
	bag, err := baggage.New(member)
	if err != nil {
		t.Fatal(err)
	}
	ctx, _ := otel.Tracer("test").Start(baggage.ContextWithBaggage(context.Background(), bag), "sell")
	h := http.Header{}
	otel.GetTextMapPropagator().Inject(ctx, propagation.HeaderCarrier(h))
	if h.Get("traceparent") == "" || h.Get("baggage") != "run=7" {
		t.Errorf("headers = %v, want traceparent and baggage", h)
	}
}

// Requests must not wait for a receiver that does not answer: four queues full
// of spans are made before the first is given up.
func TestABlockedReceiverHoldsNobodyUp(t *testing.T) {
	block := make(chan struct{})
	c := newCollector(t, block)
	out, stop := start(t, Options{Service: "till", Getenv: exportTo(c.URL)})

	began := time.Now()
	for range 4 * queueSize {
		ctx, span := otel.Tracer("test").Start(context.Background(), "sell")
		slog.DebugContext(ctx, "sold")
		span.End()
	}
	if took := time.Since(began); took > sendTimeout {
		t.Errorf("%d spans took %v while the receiver was blocked", 4*queueSize, took)
	}
	close(block)
	stop()
	if n := len(c.spanNames()); n == 0 || n > 2*queueSize {
		t.Errorf("%d spans arrived, want at least one and about a queue full (%d)", n, queueSize)
	}
	if strings.Contains(out.String(), "failed") {
		t.Errorf("local log = %s, want no complaint", out)
	}
}

func TestShutdownGivesUpWhenItsTimeIsOver(t *testing.T) {
	running := goleak.IgnoreCurrent()
	c := newCollector(t, make(chan struct{}))
	before := slog.Default()
	defer slog.SetDefault(before)
	stop, err := Start(t.Context(), Options{Service: "till", Getenv: exportTo(c.URL), Log: &bytes.Buffer{}})
	if err != nil {
		t.Fatal(err)
	}
	_, span := otel.Tracer("test").Start(context.Background(), "sell")
	span.End()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := stop(ctx); err == nil {
		t.Error("shutdown succeeded, want an error: nothing was sent")
	}
	// Who still sends would complain of it in the next test's log.
	c.CloseClientConnections()
	c.Close()
	waittest.Ended(t, running)
}

func TestAReceiverThatIsDownIsReportedOnceAndShutdownSucceeds(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	out, stop := start(t, Options{Service: "till", Getenv: exportTo(gone.URL)})
	for range 3 * batchSize {
		_, span := otel.Tracer("test").Start(context.Background(), "sell")
		span.End()
	}
	stop()
	if n := strings.Count(out.String(), "telemetry export failed"); n != 1 {
		t.Errorf("%d complaints, want 1:\n%s", n, out)
	}
}

func TestComplaintsAreAMinuteApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := Seldom{Log: slog.New(slog.NewTextHandler(&out, nil))}
		for range 180 {
			s.Warn("telemetry export failed", http.ErrServerClosed)
			time.Sleep(time.Second)
		}
		if n := strings.Count(out.String(), "telemetry export failed"); n != 3 {
			t.Errorf("%d complaints in three minutes, want 3:\n%s", n, &out)
		}
		if !strings.Contains(out.String(), "unreported=59") {
			t.Errorf("complaints do not say how many were left out:\n%s", &out)
		}
	})
}
