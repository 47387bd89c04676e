package main

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/proto"

	"triptych/domain/money"
	"triptych/internal/kafka"
	eventsv1 "triptych/proto/events/v1"
	"triptych/store/reports"
)

// events says how each type of event changes the projection. An order that was
// shipped has been sold since it was confirmed, and one that was rejected never.
var events = map[string]func(ctx context.Context, tx pgx.Tx, m kafka.Message) error{
	"events.v1.OrderConfirmed":  apply(confirmed),
	"events.v1.OrderCancelling": apply(cancelling),
	"events.v1.OrderCancelled":  apply(cancelled),
}

// apply reads the event for f.
func apply[E any, P interface {
	*E
	proto.Message
}](f func(context.Context, pgx.Tx, P) error) func(context.Context, pgx.Tx, kafka.Message) error {
	return func(ctx context.Context, tx pgx.Tx, m kafka.Message) error {
		e := P(new(E))
		if err := m.Unmarshal(e); err != nil {
			return err
		}
		return f(ctx, tx, e)
	}
}

func confirmed(ctx context.Context, tx pgx.Tx, e *eventsv1.OrderConfirmed) error {
	sale, err := fromConfirmed(e)
	if err != nil {
		return err
	}
	return reports.Confirmed(ctx, tx, sale)
}

func cancelling(ctx context.Context, tx pgx.Tx, e *eventsv1.OrderCancelling) error {
	order, err := uuid.Parse(e.GetOrderId())
	if err != nil {
		return err
	}
	return reports.Cancelling(ctx, tx, order)
}

func cancelled(ctx context.Context, tx pgx.Tx, e *eventsv1.OrderCancelled) error {
	order, err := uuid.Parse(e.GetOrderId())
	if err != nil {
		return err
	}
	return reports.Cancelled(ctx, tx, order)
}

func fromConfirmed(e *eventsv1.OrderConfirmed) (s reports.Sale, err error) {
	if s.Order, err = uuid.Parse(e.GetOrderId()); err != nil {
		return s, err
	}
	if err := e.GetAt().CheckValid(); err != nil {
		return s, err
	}
	s.At = e.GetAt().AsTime()
	s.Total, s.VAT, s.Discount = money.Amount(e.GetTotal()), money.Amount(e.GetVat()), money.Amount(e.GetDiscount())
	for _, l := range e.GetLines() {
		s.Lines = append(s.Lines, reports.Line{SKU: l.GetSku(), Quantity: int(l.GetQuantity()), Total: money.Amount(l.GetTotal())})
	}
	return s, nil
}
