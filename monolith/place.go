package main

import (
	"context"

	"github.com/jackc/pgx/v5"

	"triptych/domain/order"
	"triptych/domain/payment"
	domainstock "triptych/domain/stock"
	"triptych/internal/postgres"
	"triptych/store/carts"
	"triptych/store/idempotency"
	"triptych/store/orders"
	"triptych/store/payments"
	"triptych/store/stock"
)

// place places an order. This is the whole of it: the payment is authorised
// first, which may be slow and holds no lock; then one transaction takes the
// stock, captures the payment, stores the order and records the key. Either all
// of that happens or nothing does, so there is nothing to undo: an authorisation
// that no commit captured lapses.
func (s *shop) place(ctx context.Context, request idempotency.Request, d order.Draft) (order.Order, error) {
	pending, err := s.price(ctx, request, d)
	if err != nil {
		return order.Order{}, err
	}
	decision, err := payments.Authorise(ctx, d.Token)
	if err != nil {
		return order.Order{}, err
	}
	var o order.Order
	err = postgres.InTx(ctx, s.db, func(tx pgx.Tx) error {
		o = pending // again, when the transaction is tried again
		if err := idempotency.Record(ctx, tx, request, o.ID); err != nil {
			return err
		}
		if err := settle(ctx, tx, &o, decision); err != nil {
			return err
		}
		if d.FromCart && o.Status == order.Confirmed {
			if err := carts.Clear(ctx, tx, o.Account); err != nil {
				return err
			}
		}
		return orders.Insert(ctx, tx, o)
	})
	return o, err
}

// settle confirms a pending order, with its stock and its payment taken, or
// rejects it with neither.
func settle(ctx context.Context, tx pgx.Tx, o *order.Order, decision payment.Decision) error {
	if !decision.Approved {
		return o.Reject(payment.Declined(decision), now())
	}
	short, err := stock.Take(ctx, tx, o.ID, o.Lines)
	if err != nil {
		return err
	}
	if short != "" {
		return o.Reject(domainstock.OutOfStock(short), now())
	}
	if err := payments.Book(ctx, tx, payment.Charge(*o)); err != nil {
		return err
	}
	return o.To(order.Confirmed, now())
}
