package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/fault"
	"triptych/domain/order"
	"triptych/internal/news"
	"triptych/internal/outbox"
	"triptych/internal/postgres"
	"triptych/microservices/orders/saga"
	eventsv1 "triptych/proto/events/v1"
	"triptych/store/carts"
	"triptych/store/orders"
)

// The books are where it is written down what becomes of orders: saga, order, cart
// and event in one transaction, so that they tell the same story.
type books struct {
	db   *pgxpool.Pool
	news *news.News // for those who watch an order
	wake func()     // the relay: there are events to send
}

// answered moves a saga on by the answer to its step's command, and returns
// where it stands then; false says that somebody else had moved it before, and
// the answer is old.
func (b books) answered(ctx context.Context, r row, a answer) (next row, moved bool, err error) {
	move, ok := saga.Moves.Next(r.Step, a.event)
	if !ok {
		return r, false, fmt.Errorf("nothing follows from %s when %s", a.event, r.Step)
	}
	next = row{Order: r.Order, Step: move.To, CartOf: r.CartOf, Reason: a.reason, Traceparent: r.Traceparent}
	err = atPoint(ctx, a.event, func(ctx context.Context) error {
		did, err := b.store(ctx, r, next, move)
		moved = moved || did
		return err
	})
	return next, moved, err
}

// store makes a move, and with it the order's, if it has one.
func (b books) store(ctx context.Context, r, next row, move saga.Move) (moved bool, err error) {
	if move.Order == "" {
		return r.step(ctx, b.db, next)
	}
	reason := cmp.Or(next.Reason, r.Reason)
	next.Reason = nil // it is the order's now
	err = postgres.InTx(ctx, b.db, func(tx pgx.Tx) error {
		o, err := lock(ctx, tx, uuid.Nil, r.Order)
		if err != nil {
			return err
		}
		if moved, err = r.step(ctx, tx, next); err != nil || !moved {
			return err
		}
		if move.Order == order.Rejected {
			err = o.Reject(*reason, postgres.Now())
		} else {
			err = o.To(move.Order, postgres.Now())
		}
		if err != nil {
			return err
		}
		return record(ctx, tx, o, r.CartOf)
	})
	if err != nil || !moved {
		return false, err
	}
	b.tell(r.Order)
	return true, nil
}

// wanted makes the move that a person wants of an order; of an order that is
// already as they want it, none. A row lock decides who comes first of two who
// want different things.
func (b books) wanted(ctx context.Context, account, id uuid.UUID, event saga.Event, already ...order.Status) (o order.Order, next row, err error) {
	err = postgres.InTx(ctx, b.db, func(tx pgx.Tx) (err error) {
		next = row{}
		if o, err = lock(ctx, tx, account, id); err != nil || slices.Contains(already, o.Status) {
			return err
		}
		at := row{Order: id, Step: saga.Confirmed}
		move, _ := saga.Moves.Next(at.Step, event)
		if err := o.To(move.Order, postgres.Now()); err != nil {
			return err
		}
		next = row{Order: id, Step: move.To, Traceparent: traceparent(ctx)}
		if moved, err := at.step(ctx, tx, next); err != nil || !moved {
			return cmp.Or(err, fmt.Errorf("the order is confirmed, its saga is not"))
		}
		return record(ctx, tx, o, uuid.Nil)
	})
	if err == nil && next.Step != "" {
		b.tell(id)
	}
	return o, next, err
}

// record stores an order's last move, and what comes with it: the cart that was
// bought is emptied, and the others are told. Lines that have gone from the cart
// meanwhile are no matter: what was ordered is ordered.
func record(ctx context.Context, tx pgx.Tx, o order.Order, cartOf uuid.UUID) error {
	if err := orders.Move(ctx, tx, o); err != nil {
		return err
	}
	if o.Status == order.Confirmed && cartOf != uuid.Nil {
		if err := carts.Bought(ctx, tx, cartOf, o.Lines); err != nil && !errors.Is(err, carts.ErrGone) {
			return err
		}
	}
	return announce(ctx, tx, o)
}

// announce adds the event of an order's last move.
func announce(ctx context.Context, tx pgx.Tx, o order.Order) error {
	return outbox.Add(ctx, tx, eventsv1.OrdersTopic, o.ID.String(), toEvent(o))
}

// tell lets those know who wait for news of an order.
func (b books) tell(id uuid.UUID) {
	b.news.Changed(id)
	b.wake()
}

func lock(ctx context.Context, tx pgx.Tx, account, id uuid.UUID) (order.Order, error) {
	return orNotFound(orders.Lock(ctx, tx, account, id))
}

// orNotFound turns "no such order" into a fault.
func orNotFound(o order.Order, ok bool, err error) (order.Order, error) {
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "not_found", "there is no such order")
	}
	return o, err
}
