package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"triptych/domain/order"
	"triptych/domain/payment"
	"triptych/internal/postgres"
	"triptych/store/carts"
	"triptych/store/catalogue"
	"triptych/store/idempotency"
	"triptych/store/orders"
	"triptych/store/payments"
	"triptych/store/stock"
)

// cartAttempts is how often an order of a cart is begun that loses lines
// meanwhile.
const cartAttempts = 5

// place places an order, of a cart as it is when the order takes it: an order
// that finds lines gone begins anew, with what is left.
func (s *shop) place(ctx context.Context, request idempotency.Request, d order.Draft) (o order.Order, err error) {
	for range cartAttempts {
		if o, err = s.placeOnce(ctx, request, d); !errors.Is(err, carts.ErrGone) {
			return o, err
		}
	}
	return o, idempotency.InProgress()
}

// placeOnce is the whole of placing an order: it is priced and its payment
// authorised, which may be slow and holds no lock; then one transaction
// records the key, takes the stock, captures the payment and stores the order.
// Either all of that happens or nothing does, so there is nothing to undo: an
// authorisation that no commit captured lapses.
func (s *shop) placeOnce(ctx context.Context, request idempotency.Request, d order.Draft) (order.Order, error) {
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
			if err := carts.Bought(ctx, tx, o.Account, o.Lines); err != nil {
				return err
			}
		}
		return orders.Insert(ctx, tx, o)
	})
	if err != nil {
		return order.Order{}, fmt.Errorf("place order %s: %w", pending.ID, err)
	}
	return o, nil
}

// settle confirms a pending order, with its stock and its payment taken, or
// rejects it with neither.
func settle(ctx context.Context, tx pgx.Tx, o *order.Order, decision payment.Decision) error {
	if !decision.Approved {
		return o.Reject(payment.Declined(decision), postgres.Now())
	}
	short, err := stock.Take(ctx, tx, o.ID, o.Lines)
	if err != nil {
		return err
	}
	if short != "" {
		return o.Reject(order.OutOfStock(short), postgres.Now())
	}
	if err := payments.Book(ctx, tx, payment.Charge(*o)); err != nil {
		return err
	}
	return o.To(order.Confirmed, postgres.Now())
}

// price makes a pending order of a draft, or of the cart, at today's prices.
func (s *shop) price(ctx context.Context, request idempotency.Request, d order.Draft) (order.Order, error) {
	if d.FromCart {
		items, err := carts.Items(ctx, s.db, request.Account)
		if err != nil {
			return order.Order{}, err
		}
		if len(items) == 0 {
			return order.Order{}, order.EmptyCart()
		}
		d.Items = items
	}
	products, err := catalogue.BySKU(ctx, s.db, skus(d.Items))
	if err != nil {
		return order.Order{}, err
	}
	return order.New(newID(), request.Account, d, products, request.At)
}
