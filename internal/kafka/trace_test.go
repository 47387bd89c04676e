package kafka_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
)

// The spans of a message are in the trace of its cause, beneath it, when that is
// sampled; otherwise there are none.
func TestOneTraceTellsAll(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	provider := sdk.NewTracerProvider(sdk.WithSyncer(spans))
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(provider)
	t.Cleanup(func() { otel.SetTracerProvider(before) })

	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 1}
	c := open(t, kafkatest.Brokers(t), topic)
	ctx, cause := provider.Tracer("test").Start(t.Context(), "checkout")
	cause.End()
	sampled, unsampled := message(topic.Name, "o1", "a"), message(topic.Name, "o2", "b")
	sampled.Trace = kafka.TraceOf(ctx)
	unsampled.Trace = map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}
	publish(t, c, sampled, unsampled)
	var inside trace.SpanContext
	var seen journal
	group := kafkatest.Name(t, "reports")
	stop := start(t, c, kafka.Consumer{Group: group, Topics: []kafka.Topic{topic}, Handle: seen.note(func(ctx context.Context, m kafka.Message) error {
		if m.Key == "o1" {
			inside = trace.SpanContextFromContext(ctx)
		}
		return nil
	})})
	seen.await(t, 2)
	stop()

	got := map[string]tracetest.SpanStub{}
	for _, s := range spans.GetSpans() {
		got[s.Name] = s
	}
	if len(got) != 3 {
		t.Errorf("there are the spans %v, want three", got)
	}
	for name, kind := range map[string]trace.SpanKind{"send " + topic.Name: trace.SpanKindProducer, "process " + topic.Name: trace.SpanKindConsumer} {
		s := got[name]
		if s.Parent.SpanID() != cause.SpanContext().SpanID() || s.SpanContext.TraceID() != cause.SpanContext().TraceID() || s.SpanKind != kind {
			t.Errorf("%s: %+v is no %s beneath its cause", name, s, kind)
		}
	}
	process := got["process "+topic.Name]
	if len(process.Links) != 1 || process.Links[0].SpanContext.SpanID() != cause.SpanContext().SpanID() {
		t.Errorf("the links of the span that processes are %v", process.Links)
	}
	if !inside.Equal(process.SpanContext) {
		t.Errorf("the handler ran in %v, want %v", inside, process.SpanContext)
	}
	want := map[attribute.Key]string{
		"messaging.system": "kafka", "messaging.operation.name": "process", "messaging.operation.type": "process",
		"messaging.destination.name": topic.Name, "messaging.destination.partition.id": "0", "messaging.kafka.offset": "0",
		"messaging.kafka.message.key": "o1", "messaging.consumer.group.name": group, "messaging.message.id": sampled.ID.String(),
		"messaging.message.body.size": "1", "messaging.message.type": "test.Value", "messaging.message.attempt": "1",
	}
	attributes := map[attribute.Key]string{}
	for _, a := range process.Attributes {
		attributes[a.Key] = a.Value.String()
	}
	if diff := cmp.Diff(want, attributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
}
