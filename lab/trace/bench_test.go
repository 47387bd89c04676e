package trace

import (
	"strings"
	"testing"

	coltrace "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"triptych/lab/wire"
)

// batch is a request of 510 spans in traces of ten, each with the attributes of
// a database query.
func batch(tb testing.TB) []byte {
	var spans []*tracepb.Span
	for n := range uint64(510) {
		v := span(n/10+1, n+1, n/10*10, "query")
		v.Attributes = []*commonpb.KeyValue{
			{Key: "db.query.text", Value: text(strings.Repeat("select ", 15))},
			{Key: "db.system.name", Value: text("postgresql")},
			{Key: "db.operation.name", Value: text("SELECT")},
			{Key: "server.address", Value: text("127.0.0.1")},
		}
		spans = append(spans, v)
	}
	return request(tb, "till", spans...)
}

// The cost of a batch of 510 spans: kept as here, and for comparison unmarshalled.
func BenchmarkBatch(b *testing.B) {
	body := batch(b)
	b.Run("check and add", func(b *testing.B) {
		s, schema := NewStore(Limits{}), wire.SchemaOf(&coltrace.ExportTraceServiceRequest{})
		b.ReportAllocs()
		for b.Loop() {
			if err := schema.Check(body); err != nil {
				b.Fatal(err)
			}
			s.Add(body)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/510, "ns/span")
	})
	b.Run("unmarshal", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var m coltrace.ExportTraceServiceRequest
			if err := proto.Unmarshal(body, &m); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/510, "ns/span")
	})
}
