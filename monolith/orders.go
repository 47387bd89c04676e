package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/api"
	"triptych/domain/order"
	"triptych/domain/payment"
	"triptych/internal/postgres"
	"triptych/internal/rest"
	"triptych/store/idempotency"
	"triptych/store/orders"
	"triptych/store/payments"
	"triptych/store/stock"
)

// turnTimeout is how long a request waits for another that is handling the
// same key.
const turnTimeout = 10 * time.Second

// PlaceOrder implements api.Orders: it finds out whether the order was placed
// before and if not, places it.
func (s *shop) PlaceOrder(ctx context.Context, by api.Caller, once api.Once, d order.Draft, _ time.Duration) (order.Order, bool, error) {
	done, err := s.turn(ctx, by.Account, once.Key)
	if err != nil {
		return order.Order{}, false, err
	}
	defer done()
	request := idempotency.Request{Account: by.Account, Key: once.Key, Fingerprint: once.Fingerprint[:], At: postgres.Now()}
	made, known, err := idempotency.Find(ctx, s.db, request)
	if err != nil {
		return order.Order{}, false, err
	}
	if !known {
		o, err := s.place(ctx, request, d)
		if !errors.Is(err, idempotency.ErrTaken) { // by another process on this database
			return o, false, err
		}
		if made, _, err = idempotency.Find(ctx, s.db, request); err != nil {
			return order.Order{}, false, err
		}
	}
	o, err := s.Order(ctx, by, made, 0)
	return o, true, err
}

// turn waits until no other request of this process handles the same key.
func (s *shop) turn(ctx context.Context, account uuid.UUID, key string) (done func(), err error) {
	wait, cancel := context.WithTimeout(ctx, turnTimeout)
	defer cancel()
	done, err = s.placing.Take(wait, account.String()+key)
	if err != nil && ctx.Err() == nil {
		return nil, idempotency.InProgress()
	}
	return done, err
}

// CancelOrder implements api.Orders. As placing it, cancelling an order is one
// transaction: stock and payment are given back, or nothing happens.
func (s *shop) CancelOrder(ctx context.Context, by api.Caller, id uuid.UUID) (o order.Order, err error) {
	err = postgres.InTx(ctx, s.db, func(tx pgx.Tx) error {
		if o, err = lock(ctx, tx, scope(by), id); err != nil || o.Status == order.Cancelled {
			return err
		}
		if err := o.To(order.Cancelled, postgres.Now()); err != nil {
			return err
		}
		if err := stock.GiveBack(ctx, tx, o.ID, o.Lines); err != nil {
			return err
		}
		if err := payments.Book(ctx, tx, payment.Refund(o)); err != nil {
			return err
		}
		return orders.Move(ctx, tx, o)
	})
	if err != nil {
		return order.Order{}, fmt.Errorf("cancel order %s: %w", id, err)
	}
	return o, nil
}

// ShipOrder implements api.Orders.
func (s *shop) ShipOrder(ctx context.Context, id uuid.UUID) (o order.Order, err error) {
	err = postgres.InTx(ctx, s.db, func(tx pgx.Tx) error {
		if o, err = lock(ctx, tx, uuid.Nil, id); err != nil || o.Status == order.Shipped {
			return err
		}
		if err := o.To(order.Shipped, postgres.Now()); err != nil {
			return err
		}
		return orders.Move(ctx, tx, o)
	})
	if err != nil {
		return order.Order{}, fmt.Errorf("ship order %s: %w", id, err)
	}
	return o, nil
}

func lock(ctx context.Context, tx pgx.Tx, account, id uuid.UUID) (order.Order, error) {
	return orNotFound(orders.Lock(ctx, tx, account, id))
}

// Order implements api.Orders. Here an order is settled from its first moment,
// so there is nothing to wait for.
func (s *shop) Order(ctx context.Context, by api.Caller, id uuid.UUID, _ time.Duration) (order.Order, error) {
	return orNotFound(orders.Get(ctx, s.db, scope(by), id))
}

// orNotFound turns "no such order" into a fault.
func orNotFound(o order.Order, ok bool, err error) (order.Order, error) {
	if err == nil && !ok {
		err = api.NotFound("order")
	}
	return o, err
}

// Orders implements api.Orders.
func (s *shop) Orders(ctx context.Context, by api.Caller, status order.Status, p rest.Page) (rest.List[order.Order], error) {
	var after uuid.UUID
	if p.After != "" {
		var err error
		if after, err = uuid.Parse(p.After); err != nil {
			return rest.List[order.Order]{}, rest.BadParameter("cursor", "must be the value of next in an earlier answer")
		}
	}
	found, err := orders.List(ctx, s.db, scope(by), status, after, p.Limit+1)
	return rest.Cut(found, p.Limit, func(o order.Order) string { return o.ID.String() }), err
}
