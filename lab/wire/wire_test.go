package wire

import (
	"errors"
	"testing"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	colmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

func sampleTraces() proto.Message {
	text := func(s string) *commonpb.AnyValue {
		return &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: s}}
	}
	return &coltrace.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{{
		Resource: &resourcepb.Resource{Attributes: []*commonpb.KeyValue{{Key: "service.name", Value: text("till")}}},
		ScopeSpans: []*tracepb.ScopeSpans{{Spans: []*tracepb.Span{{
			TraceId: []byte("0123456789abcdef"), SpanId: []byte("01234567"), Name: "sell",
			StartTimeUnixNano: 1, EndTimeUnixNano: 2, Flags: 257,
			Attributes: []*commonpb.KeyValue{{Key: "list", Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_ArrayValue{
				ArrayValue: &commonpb.ArrayValue{Values: []*commonpb.AnyValue{text("a"), text("b")}}}}}},
			Events: []*tracepb.Span_Event{{Name: "rung up"}},
			Status: &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: "no change"},
		}}}},
	}}}
}

func sampleMetrics() proto.Message {
	return &colmetrics.ExportMetricsServiceRequest{ResourceMetrics: []*metricspb.ResourceMetrics{{
		ScopeMetrics: []*metricspb.ScopeMetrics{{Metrics: []*metricspb.Metric{{Name: "wait", Data: &metricspb.Metric_Histogram{
			Histogram: &metricspb.Histogram{DataPoints: []*metricspb.HistogramDataPoint{{
				BucketCounts: []uint64{1, 2, 300}, ExplicitBounds: []float64{0.5, 1}}}}}}}}},
	}}}
}

func marshal(tb testing.TB, m proto.Message) []byte {
	tb.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// FuzzCheck holds Check against the real thing.
func FuzzCheck(f *testing.F) {
	f.Add(0, marshal(f, sampleTraces()))
	f.Add(1, marshal(f, sampleMetrics()))
	f.Add(2, []byte{0x0a, 0x02, 0x0a, 0x00})
	f.Add(0, []byte{0x0b, 0x0c})
	f.Add(0, []byte{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, which int, b []byte) {
		m := []proto.Message{&coltrace.ExportTraceServiceRequest{}, &colmetrics.ExportMetricsServiceRequest{},
			&collogs.ExportLogsServiceRequest{}}[uint(which)%3]
		got, want := SchemaOf(m).Check(b), proto.Unmarshal(b, m)
		if (got == nil) != (want == nil) && !errors.Is(got, ErrTooDeep) {
			t.Errorf("Check = %v, proto.Unmarshal = %v", got, want)
		}
	})
}

// Every byte of a real body is cut and changed in turn.
func TestCheckAgreesWithUnmarshal(t *testing.T) {
	for _, m := range []proto.Message{sampleTraces(), sampleMetrics()} {
		whole, s := marshal(t, m), SchemaOf(m)
		compare := func(b []byte) {
			t.Helper()
			got, want := s.Check(b), proto.Unmarshal(b, m.ProtoReflect().New().Interface())
			if (got == nil) != (want == nil) {
				t.Errorf("%x:\nCheck = %v, proto.Unmarshal = %v", b, got, want)
			}
		}
		for i := range whole {
			compare(whole[:i])
			for _, c := range []byte{0, 1, 0x7f, 0x80, 0xff, whole[i] + 1, whole[i] ^ 8} {
				b := append([]byte(nil), whole...)
				b[i] = c
				compare(b)
			}
		}
		compare(whole)
	}
}

func TestPackedNumbersAreCounted(t *testing.T) {
	s := SchemaOf(&metricspb.HistogramDataPoint{})
	for size, ok := range map[int]bool{0: true, 8: true, 24: true, 7: false, 12: false} {
		b := protowire.AppendBytes(protowire.AppendTag(nil, 6, protowire.BytesType), make([]byte, size)) // bucket_counts, fixed64
		if err := s.Check(b); (err == nil) != ok {
			t.Errorf("%d bytes of 64-bit numbers: Check = %v, want it to succeed: %t", size, err, ok)
		}
	}
}

func TestDeepNestingIsRefused(t *testing.T) {
	var value []byte // an AnyValue in an ArrayValue in an AnyValue, and so on
	for range 10_000 {
		value = protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), value)
		value = protowire.AppendBytes(protowire.AppendTag(nil, 5, protowire.BytesType), value)
	}
	if err := SchemaOf(&commonpb.AnyValue{}).Check(value); !errors.Is(err, ErrTooDeep) {
		t.Errorf("Check = %v, want ErrTooDeep", err)
	}
}

func BenchmarkCheck(b *testing.B) {
	body := marshal(b, sampleTraces())
	s := SchemaOf(&coltrace.ExportTraceServiceRequest{})
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Check(body); err != nil {
			b.Fatal(err)
		}
	}
}
