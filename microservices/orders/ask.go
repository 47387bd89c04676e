package main

import (
	"context"
	"fmt"
	"time"

	"triptych/domain/order"
	"triptych/domain/payment"
	"triptych/internal/faults"
	"triptych/microservices/orders/saga"
	paymentsv1 "triptych/proto/payments/v1"
	stockv1 "triptych/proto/stock/v1"
)

// others are the services that a saga asks. Each answers a repeated request as
// it did the first time, and none knows of the other.
type others struct {
	payments paymentsv1.PaymentsClient
	stock    stockv1.StockClient
}

// How long an answer is waited for. The card processor may take its time, but
// for less than the lease.
const (
	patience          = 2 * time.Second
	processorPatience = 4 * time.Second
)

// An answer is what a service said: an event to the saga, and the reason with
// it, if that is why the order comes to nothing.
type answer struct {
	event  saga.Event
	reason *order.Reason
}

// ask carries out the command of the step at which a saga stands. An error does
// not say that it was not carried out.
func (s others) ask(ctx context.Context, r row, o order.Order) (a answer, err error) {
	wait := patience
	if r.Step.Command() == saga.Authorise {
		wait = processorPatience
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	switch c := r.Step.Command(); c {
	case saga.Authorise:
		return s.authorise(ctx, r, o)
	case saga.Reserve:
		return s.reserve(ctx, o)
	case saga.Capture:
		return s.capture(ctx, o)
	case saga.Void:
		err = faults.Point(ctx, "orders.void", func(ctx context.Context) error {
			_, err := s.payments.Void(ctx, &paymentsv1.VoidRequest{OrderId: o.ID.String()})
			return err
		})
		return answer{event: saga.Voided}, err
	case saga.Release:
		err = faults.Point(ctx, "orders.release", func(ctx context.Context) error {
			_, err := s.stock.Release(ctx, &stockv1.ReleaseRequest{OrderId: o.ID.String()})
			return err
		})
		return answer{event: saga.Released}, err
	case saga.Refund:
		err = faults.Point(ctx, "orders.refund", func(ctx context.Context) error {
			_, err := s.payments.Refund(ctx, &paymentsv1.RefundRequest{OrderId: o.ID.String()})
			return err
		})
		return answer{event: saga.Refunded}, err
	default:
		return answer{}, fmt.Errorf("there is no command %q", c)
	}
}

func (s others) authorise(ctx context.Context, r row, o order.Order) (a answer, err error) {
	err = faults.Point(ctx, "orders.authorise", func(ctx context.Context) error {
		said, err := s.payments.Authorise(ctx, &paymentsv1.AuthoriseRequest{
			OrderId: o.ID.String(), Token: r.Token, Total: int64(o.Total), Vat: int64(o.VAT),
		})
		a = answer{event: saga.Approved}
		if !said.GetApproved() {
			a = answer{saga.Declined, declined(said.GetDetail())}
		}
		return err
	})
	return a, err
}

func (s others) reserve(ctx context.Context, o order.Order) (a answer, err error) {
	err = faults.Point(ctx, "orders.reserve", func(ctx context.Context) error {
		said, err := s.stock.Reserve(ctx, &stockv1.ReserveRequest{OrderId: o.ID.String(), Lines: toStock(o.Lines)})
		a = answer{event: saga.Reserved}
		if short := said.GetShortSku(); short != "" {
			a = answer{saga.Short, new(order.OutOfStock(short))}
		}
		return err
	})
	return a, err
}

func (s others) capture(ctx context.Context, o order.Order) (a answer, err error) {
	err = faults.Point(ctx, "orders.capture", func(ctx context.Context) error {
		said, err := s.payments.Capture(ctx, &paymentsv1.CaptureRequest{OrderId: o.ID.String()})
		a = answer{event: saga.Captured}
		if !said.GetCaptured() {
			a = answer{saga.Lapsed, declined(said.GetDetail())}
		}
		return err
	})
	return a, err
}

func declined(detail string) *order.Reason {
	return new(payment.Declined(payment.Decision{Detail: detail}))
}
