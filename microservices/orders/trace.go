package main

import (
	"context"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const scope = "triptych/microservices/orders"

// traceparent returns the trace context of ctx, to be stored.
func traceparent(ctx context.Context) string {
	c := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, c)
	return c["traceparent"]
}

// within returns ctx in the trace of a stored context: what is done for an order
// later, perhaps by another process, shows beside the request that began it.
func within(ctx context.Context, traceparent string) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": traceparent})
}

// A meter counts the steps of sagas by their outcome.
type meter struct{ steps metric.Int64Counter }

func newMeter() meter {
	steps, err := otel.Meter(scope).Int64Counter("orders.saga.steps", metric.WithDescription("Steps of sagas, by what came of them."))
	if err != nil {
		otel.Handle(err) // and steps counts nothing
	}
	return meter{steps}
}

// start begins the span of a step.
func (m meter) start(ctx context.Context, r row) (context.Context, trace.Span) {
	return otel.Tracer(scope).Start(ctx, "saga "+string(r.Step.Command()), trace.WithAttributes(
		attribute.String("order.id", r.Order.String()),
		attribute.String("saga.step", string(r.Step)),
		attribute.Int("saga.attempt", r.Attempts+1),
	))
}

// end ends the span of a step and counts it.
func (m meter) end(ctx context.Context, span trace.Span, r row, came outcome, err error) {
	span.SetAttributes(attribute.String("saga.outcome", string(came)))
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, string(came))
	}
	span.End()
	m.steps.Add(ctx, 1, metric.WithAttributes(attribute.String("saga.step", string(r.Step)), attribute.String("saga.outcome", string(came))))
}
