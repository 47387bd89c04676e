package trace

import (
	"encoding/binary"
	"testing"
	"time"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

func traceID(n uint64) (id ID) {
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}

func spanID(n uint64) (id SpanID) {
	binary.BigEndian.PutUint64(id[:], n)
	return id
}

func text(s string) *commonpb.AnyValue {
	return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// span returns a span of ten milliseconds that starts n milliseconds after
// noon; a zero parent is none.
func span(trace, n, parent uint64, name string) *tracepb.Span {
	t, s, p := traceID(trace), spanID(n), spanID(parent)
	start := noon.Add(time.Duration(n) * time.Millisecond)
	v := &tracepb.Span{TraceId: t[:], SpanId: s[:], Name: name, Kind: tracepb.Span_SPAN_KIND_INTERNAL,
		StartTimeUnixNano: uint64(start.UnixNano()), EndTimeUnixNano: uint64(start.Add(10 * time.Millisecond).UnixNano())}
	if parent != 0 {
		v.ParentSpanId = p[:]
	}
	return v
}

func request(tb testing.TB, service string, spans ...*tracepb.Span) []byte {
	tb.Helper()
	b, err := proto.Marshal(&coltrace.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource:   &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{Key: "service.name", Value: text(service)}}},
		ScopeSpans: []*tracepb.ScopeSpans{{Scope: &commonpb.InstrumentationScope{Name: "test"}, Spans: spans}},
	}}})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func add(tb testing.TB, s *Store, service string, spans ...*tracepb.Span) {
	tb.Helper()
	if n, why := s.Add(request(tb, service, spans...)); n != 0 {
		tb.Fatalf("%d spans refused: %s", n, why)
	}
}

func get(tb testing.TB, s *Store, n uint64) Trace {
	tb.Helper()
	t, ok := s.Get(traceID(n))
	if !ok {
		tb.Fatalf("trace %d is not there", n)
	}
	return t
}
