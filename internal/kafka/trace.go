package kafka

import (
	"context"
	"strconv"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/semconv/v1.43.0/messagingconv"
	"go.opentelemetry.io/otel/trace"
)

const scope = "triptych/internal/kafka"

// metrics count what is sent and handled, under the names that OpenTelemetry's
// conventions have for it.
type metrics struct {
	sent     messagingconv.ClientSentMessages
	consumed messagingconv.ClientConsumedMessages
	process  messagingconv.ProcessDuration
}

func newMetrics() *metrics {
	m := otel.Meter(scope)
	// An instrument that cannot be made is one that does nothing.
	sent, _ := messagingconv.NewClientSentMessages(m)
	consumed, _ := messagingconv.NewClientConsumedMessages(m)
	process, _ := messagingconv.NewProcessDuration(m, metric.WithExplicitBucketBoundaries(
		.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10))
	return &metrics{sent, consumed, process}
}

// TraceOf returns the trace context of ctx as a Message carries it.
func TraceOf(ctx context.Context) map[string]string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier
}

// traced returns ctx with the trace context that a message carries.
func traced(ctx context.Context, m Message) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier(m.Trace))
}

// startSend begins a span for each message whose trace is sampled, in that trace:
// a batch belongs to many. The message itself keeps the context of its cause, so
// that sending it twice sends the same.
func (c *Client) startSend(messages []Message) (end func(error)) {
	var spans []trace.Span
	topics := map[string]int64{}
	for _, m := range messages {
		topics[m.Topic]++
		ctx := traced(context.Background(), m)
		if !trace.SpanContextFromContext(ctx).IsSampled() {
			continue
		}
		_, span := otel.Tracer(scope).Start(ctx, "send "+m.Topic, trace.WithSpanKind(trace.SpanKindProducer),
			trace.WithAttributes(append(attributes(m, "send"), semconv.MessagingOperationTypeSend)...))
		spans = append(spans, span)
	}
	return func(err error) {
		for _, span := range spans {
			finish(span, err)
		}
		for topic, n := range topics {
			c.metrics.sent.Add(context.Background(), n, "send", messagingconv.SystemKafka,
				append(failure(err), semconv.MessagingDestinationName(topic))...)
		}
	}
}

// startProcess begins the span of an attempt to handle a message. It is a child
// of what caused the message, so that one trace tells all of an order's story,
// and has a link to it, as the conventions want.
func (c *Client) startProcess(ctx context.Context, group string, m Message) (context.Context, func(error)) {
	began := time.Now()
	ctx = traced(ctx, m)
	options := []trace.SpanStartOption{trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(append(attributes(m, "process"),
		semconv.MessagingOperationTypeProcess,
		semconv.MessagingConsumerGroupName(group),
		semconv.MessagingDestinationPartitionID(strconv.Itoa(m.Partition)),
		semconv.MessagingKafkaOffset(int(m.Offset)),
		attribute.Int("messaging.message.attempt", m.Attempt))...)}
	if cause := trace.SpanContextFromContext(ctx); cause.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: cause}))
	}
	ctx, span := otel.Tracer(scope).Start(ctx, "process "+m.Topic, options...)
	return ctx, func(err error) {
		finish(span, err)
		about := append(failure(err), semconv.MessagingDestinationName(m.Topic), semconv.MessagingConsumerGroupName(group))
		c.metrics.consumed.Add(ctx, 1, "process", messagingconv.SystemKafka, about...)
		c.metrics.process.Record(ctx, time.Since(began).Seconds(), "process", messagingconv.SystemKafka, about...)
	}
}

func attributes(m Message, operation string) []attribute.KeyValue {
	return []attribute.KeyValue{
		semconv.MessagingSystemKafka,
		semconv.MessagingOperationName(operation),
		semconv.MessagingDestinationName(m.Topic),
		semconv.MessagingKafkaMessageKey(m.Key),
		semconv.MessagingMessageID(m.ID.String()),
		semconv.MessagingMessageBodySize(len(m.Value)),
		attribute.String("messaging.message.type", m.Type),
	}
}

func finish(span trace.Span, err error) {
	if err != nil {
		span.SetAttributes(semconv.ErrorType(err))
		span.SetStatus(codes.Error, err.Error())
	}
	span.End()
}

func failure(err error) []attribute.KeyValue {
	if err == nil {
		return nil
	}
	return []attribute.KeyValue{semconv.ErrorType(err)}
}
