package poller

import (
	"context"
	"strconv"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	oteltrace "go.opentelemetry.io/otel/trace"

	"triptych/faas/trace"
)

const scope = "triptych/faas/poller"

// maxLinks bounds how many traces one batch is linked to.
const maxLinks = 128

// startProcess begins the span of a batch. It is a child of what caused the first
// record that says so, and so one trace tells all of that story; and has links to
// the causes of all, as OpenTelemetry's conventions for messaging want it. The
// header is for the function.
func (l *lane) startProcess(ctx context.Context, p portion) (context.Context, trace.Header, func(Answer, error)) {
	var links []oteltrace.Link
	seen := map[string]bool{}
	for _, r := range p.records {
		if r.parent == "" || seen[r.parent] || len(links) == maxLinks {
			continue
		}
		seen[r.parent] = true
		caused := propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{traceparent: r.parent})
		cause := oteltrace.SpanContextFromContext(caused)
		if !cause.IsValid() {
			continue
		}
		if len(links) == 0 {
			ctx = caused
		}
		links = append(links, oteltrace.Link{SpanContext: cause})
	}
	ctx, span := otel.Tracer(scope).Start(ctx, "process "+l.source.topic, oteltrace.WithSpanKind(oteltrace.SpanKindConsumer), oteltrace.WithLinks(links...),
		oteltrace.WithAttributes(
			semconv.MessagingSystemKafka,
			semconv.MessagingOperationTypeProcess,
			semconv.MessagingOperationName("process"),
			semconv.MessagingDestinationName(l.source.topic),
			semconv.MessagingDestinationPartitionID(strconv.Itoa(l.source.partition)),
			semconv.MessagingConsumerGroupName(l.mapping.Group),
			semconv.MessagingKafkaOffset(int(p.records[0].offset)),
			semconv.MessagingBatchMessageCount(len(p.records)),
		))
	header := trace.Header{}.WithSpan(oteltrace.SpanContextFromContext(ctx))
	return ctx, header, func(a Answer, err error) {
		switch {
		case err != nil:
			span.SetAttributes(semconv.ErrorType(err))
			span.SetStatus(codes.Error, err.Error())
		case a.Failed:
			span.SetStatus(codes.Error, "the function failed")
		}
		span.End()
	}
}
