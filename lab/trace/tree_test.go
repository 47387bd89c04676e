package trace

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// shape draws a forest as "a(b c(d))", an orphan with a ?.
func shape(spans []*Span) string {
	var parts []string
	for _, s := range spans {
		p := s.Name
		if s.Orphan {
			p = "?" + p
		}
		if len(s.Children) > 0 {
			p += "(" + shape(s.Children) + ")"
		}
		parts = append(parts, p)
	}
	return strings.Join(parts, " ")
}

func TestSpansBecomeATree(t *testing.T) {
	tests := map[string]struct {
		spans []*tracepb.Span
		want  string
	}{
		"children by their start":   {[]*tracepb.Span{span(1, 3, 1, "c"), span(1, 2, 1, "b"), span(1, 1, 0, "a")}, "a(b c)"},
		"a missing parent":          {[]*tracepb.Span{span(1, 1, 0, "a"), span(1, 3, 2, "c"), span(1, 4, 3, "d")}, "a ?c(d)"},
		"a span sent twice":         {[]*tracepb.Span{span(1, 1, 0, "a"), span(1, 2, 1, "b"), span(1, 2, 1, "b")}, "a(b)"},
		"two without a parent":      {[]*tracepb.Span{span(1, 1, 0, "a"), span(1, 2, 0, "b")}, "a b"},
		"its own parent":            {[]*tracepb.Span{span(1, 1, 1, "a"), span(1, 2, 1, "b")}, "?a(b)"},
		"one another's parents":     {[]*tracepb.Span{span(1, 1, 0, "a"), span(1, 2, 3, "b"), span(1, 3, 2, "c"), span(1, 4, 3, "d")}, "a ?b(c(d))"},
		"a child before its parent": {[]*tracepb.Span{span(1, 5, 0, "a"), span(1, 2, 5, "b")}, "a(b)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := NewStore(Limits{})
			add(t, s, "till", tt.spans...)
			tr := get(t, s, 1)
			if got := shape(tr.Roots); got != tt.want {
				t.Errorf("tree = %s, want %s", got, tt.want)
			}
			if got, want := Whole(tr), !strings.Contains(tt.want, "?"); got != want {
				t.Errorf("Whole = %t, want %t", got, want)
			}
		})
	}
}

func TestEverythingOfASpanIsDecoded(t *testing.T) {
	list := &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{ArrayValue: &commonpb.ArrayValue{Values: []*commonpb.AnyValue{text("a")}}}}
	number := &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: math.MaxInt64}}
	p := span(1, 2, 1, "charge")
	p.Kind = tracepb.Span_SPAN_KIND_CLIENT
	p.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "declined"}
	p.Attributes = []*commonpb.KeyValue{{Key: "list", Value: list}, {Key: "n", Value: number}}
	p.Events = []*tracepb.Span_Event{{Name: "asked", TimeUnixNano: p.StartTimeUnixNano, Attributes: []*commonpb.KeyValue{{Key: "k", Value: text("v")}}}}
	other, its := traceID(7), spanID(8)
	p.Links = []*tracepb.Span_Link{{TraceId: other[:], SpanId: its[:]}}

	s := NewStore(Limits{})
	add(t, s, "bank", p)
	start := noon.Add(2 * time.Millisecond)
	want := &Span{
		ID: spanID(2), Parent: spanID(1), Name: "charge", Kind: "client", Service: "bank",
		Start: start, End: start.Add(10 * time.Millisecond), Error: true, StatusMessage: "declined",
		Attributes: map[string]any{"list": []any{"a"}, "n": int64(math.MaxInt64)},
		Resource:   map[string]any{"service.name": "bank"}, Scope: "test",
		Events: []Event{{"asked", start, map[string]any{"k": "v"}}},
		Links:  []Link{{TraceID: other, SpanID: its}},
		Orphan: true,
	}
	if diff := cmp.Diff(want, get(t, s, 1).Spans[0]); diff != "" {
		t.Errorf("span (-want +got):\n%s", diff)
	}
}

// A chain of thousands must cost neither the stack nor the square of its length.
func TestALongChainAndAHostileRing(t *testing.T) {
	s := NewStore(Limits{})
	var chain, ring []*tracepb.Span
	for n := range uint64(20_000) {
		chain = append(chain, span(1, n+1, n, "step"))
		ring = append(ring, span(2, n+1, (n+1)%20_000+1, fmt.Sprint(n)))
	}
	add(t, s, "till", chain...)
	add(t, s, "till", ring...)
	if tr := get(t, s, 1); len(tr.Roots) != 1 || len(tr.Spans) != 20_000 {
		t.Errorf("chain: %d roots of %d spans", len(tr.Roots), len(tr.Spans))
	}
	if tr := get(t, s, 2); len(tr.Roots) != 1 || len(tr.Spans) != 20_000 {
		t.Errorf("ring: %d roots of %d spans", len(tr.Roots), len(tr.Spans))
	}
}
