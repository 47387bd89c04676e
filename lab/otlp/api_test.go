package otlp

import (
	"encoding/json"
	"io"
	"math"
	"net/http"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// ask gets path from the receiver and decodes the answer into v.
func ask(tb testing.TB, r *Receiver, path string, v any) int {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, r.URL()+path, nil)
	if err != nil {
		tb.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(b, v); err != nil {
		tb.Fatalf("GET %s: %v\n%s", path, err, b)
	}
	return resp.StatusCode
}

func TestQuestionsAboutTraces(t *testing.T) {
	r := serve(t, RelayTo{})
	x, err := otlptrace.New(t.Context(), otlptracehttp.NewClient(otlptracehttp.WithEndpointURL(r.URL()+"/v1/traces")))
	if err != nil {
		t.Fatal(err)
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(x),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "till"))))
	first, second := sell(provider.Tracer("shop")), sell(provider.Tracer("shop"))
	_, odd := provider.Tracer("shop").Start(t.Context(), "odd")
	odd.SetAttributes(attribute.Float64("ratio", math.NaN()))
	odd.End()

	var list struct{ Traces []summaryJSON }
	if code := ask(t, r, "/api/traces?service=till&name=sell&limit=2", &list); code != 200 || len(list.Traces) != 2 {
		t.Fatalf("list = %d, %+v; want two traces", code, list)
	}
	if got := list.Traces[0]; got.TraceID != second.String() || got.Spans != 3 || got.Errors != 1 || got.Service != "till" {
		t.Errorf("newest = %+v, want the second, with three spans and an error", got)
	}

	var tr traceJSON
	if code := ask(t, r, "/api/traces/"+first.String(), &tr); code != 200 {
		t.Fatalf("trace: %d", code)
	}
	root := tr.Spans[0]
	if root.Name != "sell" || root.Kind != "server" || root.Start != 0 || root.Duration != tr.Duration || len(root.Children) != 2 {
		t.Errorf("root = %+v, want sell with two children, from the start to the end", root)
	}
	pay := root.Children[0]
	if pay.Status != "error" || pay.StatusMessage != "declined" || pay.ParentID != root.SpanID || pay.Start <= 0 || pay.Duration <= 0 {
		t.Errorf("pay = %+v, want an error, after the start", pay)
	}
	if len(pay.Events) != 2 || pay.Events[0].Attributes["bank"] != "b" || len(pay.Links) != 1 || pay.Resource["service.name"] != "till" {
		t.Errorf("pay = %+v, want its events, link and resource", pay)
	}
	if ask(t, r, "/api/traces/"+odd.SpanContext().TraceID().String(), &tr); tr.Spans[0].Attributes["ratio"] != "NaN" {
		t.Errorf("ratio = %v, want NaN as text", tr.Spans[0].Attributes["ratio"])
	}

	var services struct {
		Services []serviceJSON
		Tally    tallyJSON
	}
	ask(t, r, "/api/services", &services)
	if !slices.ContainsFunc(services.Services, func(s serviceJSON) bool { return s.Name == "till" && s.Spans == 7 }) || services.Tally.Kept != 7 {
		t.Errorf("services = %+v, want till with 7 spans", services)
	}
}

func TestQuestionsThatMakeNoSense(t *testing.T) {
	r := serve(t, RelayTo{})
	for path, want := range map[string]int{
		"/api/traces?limit=0":                            400,
		"/api/traces?limit=many":                         400,
		"/api/traces/7":                                  400,
		"/api/traces/00000000000000000000000000000000":   400,
		"/api/traces/ab000000000000000000000000000001":   404,
		"/api/traces?limit=1000&service=nobody&name=not": 200,
	} {
		var answer map[string]any
		if got := ask(t, r, path, &answer); got != want || (want != 200 && answer["error"] == "") {
			t.Errorf("GET %s: %d %v, want %d", path, got, answer, want)
		}
	}
}
