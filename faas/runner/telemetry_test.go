package runner_test

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"triptych/faas/api"
	"triptych/faas/async"
	"triptych/faas/build"
	"triptych/faas/function"
	"triptych/faas/journal"
	"triptych/faas/registry"
	"triptych/faas/runner"
	"triptych/faas/sandbox"
	"triptych/faas/trace"
	"triptych/internal/waittest"
)

// built keeps what the tests of telemetry build for each other.
var built string

func TestTelemetry(t *testing.T) {
	built = t.TempDir()
	for name, test := range map[string]func(*testing.T){
		"AnInvocationIsATraceOfItsSteps":        testAnInvocationIsATraceOfItsSteps,
		"AnInvocationIsInTheTraceOfItsCaller":   testAnInvocationIsInTheTraceOfItsCaller,
		"AFunctionThatCallsAFunctionIsOneTrace": testAFunctionThatCallsAFunctionIsOneTrace,
		"AQueuedEventShowsItsWait":              testAQueuedEventShowsItsWait,
		"TriesAreLinked":                        testTriesAreLinked,
		"WhatFailsIsSaidInItsTrace":             testWhatFailsIsSaidInItsTrace,
		"InvocationsAreCounted":                 testInvocationsAreCounted,
		"WithTelemetryOffNothingIsMade":         testWithTelemetryOffNothingIsMade,
	} {
		t.Run(name, test)
	}
}

// A watched is a runner whose spans and metrics are kept.
type watched struct {
	*runner.Runner
	spans   *tracetest.SpanRecorder
	metrics *metric.ManualReader
}

// watch opens a runner that serves its API, with telemetry on.
func watch(t *testing.T, options ...sdktrace.TracerProviderOption) *watched {
	t.Helper()
	w := &watched{spans: tracetest.NewSpanRecorder(), metrics: metric.NewManualReader()}
	t.Cleanup(func() {
		otel.SetTracerProvider(tracenoop.NewTracerProvider()) // what was there before goes on to the first that was set
		otel.SetMeterProvider(metricnoop.NewMeterProvider())
	})
	otel.SetTracerProvider(sdktrace.NewTracerProvider(append(options, sdktrace.WithSpanProcessor(w.spans))...))
	otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(w.metrics)))
	server := httptest.NewUnstartedServer(nil)
	var err error
	w.Runner, err = runner.Open(runner.Options{
		Data:        t.TempDir(),
		Addr:        server.Listener.Addr().String(),
		Isolation:   sandbox.Basic, // the folders of tests are not for other users
		Concurrency: 10,
		KeepAlive:   time.Minute,
		Cache:       1 << 30,
		Logs:        1 << 20,
		Waits:       async.Waits{First: time.Millisecond, Second: time.Millisecond, Throttled: time.Millisecond, ThrottledLimit: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	server.Config.Handler = api.Handler(w.Runner, api.Options{})
	server.Start()
	t.Cleanup(server.Close)
	return w
}

// add makes the code in a folder a function.
func (w *watched) add(t *testing.T, name, folder string) {
	t.Helper()
	zip, err := build.Package(t.Context(), folder, build.Options{Cache: built})
	if err != nil {
		t.Fatal(err)
	}
	digest, err := w.Code.Put(t.Context(), zip.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	c := &function.Config{Name: name, Runtime: "provided.al2023", Handler: "bootstrap", Code: digest, Timeout: 20 * time.Second, Memory: 256, Revision: uuid.NewString()}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Registry.Create(&registry.Function{Latest: c}); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "the function is active", func() bool {
		f, err := w.Registry.Get(name)
		if err != nil {
			t.Fatal(err)
		}
		return len(f.Waiting()) == 0
	})
}

func (w *watched) invoke(t *testing.T, in runner.Invocation) *runner.Result {
	t.Helper()
	r, err := w.Invoke(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// tree draws the spans of one trace that have ended: each below its parent, in
// the order in which they began.
func (w *watched) tree(trace oteltrace.TraceID) string {
	below := map[oteltrace.SpanID][]sdktrace.ReadOnlySpan{}
	known := map[oteltrace.SpanID]bool{}
	for _, s := range w.spans.Ended() {
		known[s.SpanContext().SpanID()] = true
	}
	for _, s := range w.spans.Ended() {
		if s.SpanContext().TraceID() != trace {
			continue
		}
		parent := s.Parent().SpanID()
		if !known[parent] {
			parent = oteltrace.SpanID{}
		}
		below[parent] = append(below[parent], s)
	}
	var draw func(of oteltrace.SpanID, depth int) string
	draw = func(of oteltrace.SpanID, depth int) string {
		spans := below[of]
		slices.SortStableFunc(spans, func(a, b sdktrace.ReadOnlySpan) int { return a.StartTime().Compare(b.StartTime()) })
		var text strings.Builder
		for _, s := range spans {
			text.WriteString(strings.Repeat("  ", depth) + s.Name() + "\n" + draw(s.SpanContext().SpanID(), depth+1))
		}
		return text.String()
	}
	return draw(oteltrace.SpanID{}, 0)
}

func (w *watched) one(t *testing.T, trace oteltrace.TraceID, name string) sdktrace.ReadOnlySpan {
	t.Helper()
	for _, s := range w.spans.Ended() {
		if s.SpanContext().TraceID() == trace && s.Name() == name {
			return s
		}
	}
	t.Fatalf("there is no span %s in\n%s", name, w.tree(trace))
	return nil
}

const helloFolder = "../examples/hello"

var greetAda = []byte(`{"name":"Ada"}`)

func testAnInvocationIsATraceOfItsSteps(t *testing.T) {
	w := watch(t)
	w.add(t, "hello", helloFolder)
	in := runner.Invocation{Ref: function.Ref{Name: "hello"}, RequestID: uuid.NewString(), Payload: greetAda}

	cold := w.invoke(t, in)
	if diff := cmp.Diff("hello\n  place\n  fetch\n  spawn\n  init\n  invoke\n", w.tree(cold.Trace.Root)); diff != "" {
		t.Errorf("the cold invocation (-want +got):\n%s", diff)
	}
	if got := w.one(t, cold.Trace.Root, "invoke").SpanContext().SpanID(); got != cold.Trace.Parent {
		t.Errorf("the function was told that %s is its parent, and not the span invoke, %s", cold.Trace.Parent, got)
	}
	root := w.one(t, cold.Trace.Root, "hello")
	want := map[attribute.Key]string{
		"faas.name": "hello", "faas.version": "$LATEST", "faas.max_memory": "268435456", "faas.invocation_id": in.RequestID,
		"faas.trigger": "other", "faas.coldstart": "true", "cloud.resource_id": function.ARN("hello", ""),
	}
	got := map[attribute.Key]string{}
	for _, a := range root.Attributes() {
		if a.Key != "faas.instance" {
			got[a.Key] = a.Value.String()
		}
	}
	if diff := cmp.Diff(want, got); diff != "" || len(root.Attributes()) != len(want)+1 {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}

	warm := w.invoke(t, in)
	if diff := cmp.Diff("hello\n  place\n  invoke\n", w.tree(warm.Trace.Root)); diff != "" {
		t.Errorf("the warm invocation (-want +got):\n%s", diff)
	}
	if warm.Trace.Root == cold.Trace.Root {
		t.Error("two invocations without a caller's trace are in the same one")
	}
}

func testAnInvocationIsInTheTraceOfItsCaller(t *testing.T) {
	w := watch(t)
	w.add(t, "hello", helloFolder)
	caller := trace.Parse("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1")
	r := w.invoke(t, runner.Invocation{Ref: function.Ref{Name: "hello"}, Payload: greetAda, Trace: caller})
	if root := w.one(t, caller.Root, "hello"); root.Parent().SpanID() != caller.Parent || !root.Parent().IsRemote() {
		t.Errorf("the parent is %v, not the caller's span", root.Parent())
	}
	line := "\tXRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\tSegmentId: " + r.Trace.Parent.String() + "\tSampled: true\t"
	if report := w.report(t, "hello"); !strings.HasSuffix(report, line) {
		t.Errorf("got %q, want it to end with %q", report, line)
	}

	// Who does not want to be recorded is not; the function is told the same.
	caller.Sampled = false
	before := len(w.spans.Ended())
	r = w.invoke(t, runner.Invocation{Ref: function.Ref{Name: "hello"}, Payload: greetAda, Trace: caller})
	if r.Trace.Parent != caller.Parent || r.Trace.Sampled || len(w.spans.Ended()) != before {
		t.Errorf("of a caller that is not recorded: the header %s, and %d spans", r.Trace, len(w.spans.Ended())-before)
	}
	if report := w.report(t, "hello"); strings.Contains(report, "XRAY") {
		t.Errorf("got %q", report)
	}
}

// report returns the last REPORT line of a function.
func (w *watched) report(t *testing.T, name string) string {
	t.Helper()
	last := ""
	for l, err := range w.Journal.Lines(t.Context(), name, journal.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(l.Text, "REPORT ") {
			last = l.Text
		}
	}
	return last
}

func testAFunctionThatCallsAFunctionIsOneTrace(t *testing.T) {
	w := watch(t)
	w.add(t, "hello", helloFolder)
	w.add(t, "caller", "testdata/caller")
	r := w.invoke(t, runner.Invocation{Ref: function.Ref{Name: "caller"}, Payload: []byte(`{"function":"hello","event":{"name":"Ada"}}`)})
	if r.Failed || string(r.Payload) != `{"greeting":"Hello, Ada!"}` {
		t.Fatalf("got %s", r.Payload)
	}
	want := `caller
  place
  fetch
  spawn
  init
  invoke
    hello
      place
      fetch
      spawn
      init
      invoke
`
	waittest.Until(t, "all spans have ended", func() bool { return strings.Count(w.tree(r.Trace.Root), "\n") == strings.Count(want, "\n") })
	if diff := cmp.Diff(want, w.tree(r.Trace.Root)); diff != "" {
		t.Errorf("the trace (-want +got):\n%s", diff)
	}
}

func testWhatFailsIsSaidInItsTrace(t *testing.T) {
	w := watch(t)
	w.add(t, "hello", helloFolder)
	none := 0
	if _, err := w.Registry.Change("hello", func(f *registry.Function) error { f.Reserved = &none; return nil }); err != nil {
		t.Fatal(err)
	}
	_, err := w.Invoke(t.Context(), runner.Invocation{Ref: function.Ref{Name: "hello"}, Payload: greetAda})
	if function.From(err).Status != 429 {
		t.Fatalf("got %v", err)
	}
	root := w.spans.Ended()[len(w.spans.Ended())-1]
	if diff := cmp.Diff("hello\n  place\n", w.tree(root.SpanContext().TraceID())); diff != "" {
		t.Errorf("the throttled invocation (-want +got):\n%s", diff)
	}
	if root.Status().Code != codes.Error || !slices.Contains(root.Attributes(), attribute.String("error.type", "TooManyRequestsException")) {
		t.Errorf("got %v, %v", root.Status(), root.Attributes())
	}
}

func testInvocationsAreCounted(t *testing.T) {
	w := watch(t)
	w.add(t, "hello", helloFolder)
	in := runner.Invocation{Ref: function.Ref{Name: "hello"}, Payload: greetAda}
	w.invoke(t, in)
	w.invoke(t, in)
	in.Payload = []byte(`{}`) // which fails
	w.invoke(t, in)

	figures := w.Stats.Figures()
	if len(figures) != 1 {
		t.Fatalf("got %+v", figures)
	}
	f := figures[0]
	if f.Invocations != 3 || f.Errors != 1 || f.ColdStarts != 1 || f.Duration.P50 <= 0 || f.Answer.Max < f.Init.Max || f.GBSeconds <= 0 {
		t.Errorf("got %+v", f)
	}
	want := map[string]int64{
		"faas.invocations cold": 1, "faas.invocations warm": 2, "faas.errors warm": 1, "faas.coldstarts cold": 1,
		"faas.invoke_duration cold": 1, "faas.invoke_duration warm": 2, "faas.init_duration cold": 1,
		"faas.mem_usage cold": 1, "faas.mem_usage warm": 2,
	}
	if diff := cmp.Diff(want, w.counts(t)); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}

	if err := w.Registry.Delete("hello"); err != nil {
		t.Fatal(err)
	}
	if got := w.Stats.Figures(); len(got) != 0 {
		t.Errorf("the figures of a function that is gone: %+v", got)
	}
}

// counts returns how often each metric was recorded, by start.
func (w *watched) counts(t *testing.T) map[string]int64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := w.metrics.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	counts := map[string]int64{}
	start := func(s attribute.Set) string { v, _ := s.Value("start"); return " " + v.AsString() }
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					counts[m.Name+start(p.Attributes)] += p.Value
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					counts[m.Name+start(p.Attributes)] += int64(p.Count)
				}
			case metricdata.Histogram[int64]:
				for _, p := range data.DataPoints {
					counts[m.Name+start(p.Attributes)] += int64(p.Count)
				}
			}
		}
	}
	return counts
}

// testWithTelemetryOffNothingIsMade counts the spans that are begun.
func testWithTelemetryOffNothingIsMade(t *testing.T) {
	begun := &dropAll{}
	w := watch(t, sdktrace.WithSampler(begun))
	w.add(t, "hello", helloFolder)
	w.invoke(t, runner.Invocation{Ref: function.Ref{Name: "hello"}, Payload: greetAda})
	w.invoke(t, runner.Invocation{Ref: function.Ref{Name: "hello"}, Payload: greetAda})
	if begun.n != 2 || len(w.spans.Ended()) != 0 {
		t.Errorf("%d spans were begun for two invocations, and %d recorded", begun.n, len(w.spans.Ended()))
	}
	if f := w.Stats.Figures(); len(f) != 1 || f[0].Invocations != 2 {
		t.Errorf("figures: %+v", f)
	}
}

// A dropAll is a sampler that takes nothing.
type dropAll struct{ n int }

func (c *dropAll) ShouldSample(sdktrace.SamplingParameters) sdktrace.SamplingResult {
	c.n++
	return sdktrace.SamplingResult{Decision: sdktrace.Drop}
}

func (c *dropAll) Description() string { return "dropAll" }
