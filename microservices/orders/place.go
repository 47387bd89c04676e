package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/order"
	"triptych/domain/payment"
	"triptych/internal/faults"
	"triptych/internal/news"
	"triptych/internal/postgres"
	"triptych/microservices/orders/saga"
	ordersv1 "triptych/proto/orders/v1"
	"triptych/store/carts"
	"triptych/store/idempotency"
	"triptych/store/orders"
)

// turnTimeout is how long a request waits for others to be done with its key or
// its cart.
const turnTimeout = 10 * time.Second

// PlaceOrder implements ordersv1.OrdersServer: it finds out whether the order was
// placed before, and if not, places it. Its answer is a pending order. What
// becomes of it goes on beside the request: WatchOrder tells.
func (s *server) PlaceOrder(ctx context.Context, in *ordersv1.PlaceOrderRequest) (*ordersv1.PlaceOrderResponse, error) {
	request, draft, err := fromProto(in)
	if err == nil {
		err = check(draft)
	}
	if err != nil {
		return nil, err
	}
	done, err := s.turn(ctx, request)
	if err != nil {
		return nil, err
	}
	defer done()
	made, known, err := idempotency.Find(ctx, s.db, request)
	if err != nil {
		return nil, err
	}
	if !known {
		o, err := s.place(ctx, request, draft)
		if !errors.Is(err, idempotency.ErrTaken) { // by another process on this database
			return &ordersv1.PlaceOrderResponse{Order: toProto(o)}, err
		}
		if made, _, err = idempotency.Find(ctx, s.db, request); err != nil {
			return nil, err
		}
	}
	o, err := s.find(ctx, uuid.Nil, made)
	return &ordersv1.PlaceOrderResponse{Order: toProto(o), Replayed: true}, err
}

// check refuses what would never become an order. The gateway has checked it
// too; but a saga that cannot go on is not to depend on that.
func check(d order.Draft) error {
	if err := d.Validate(); err != nil {
		return err
	}
	_, err := payment.Decide(d.Token)
	return err
}

// turn waits until no other request of this process handles the same key.
func (s *server) turn(ctx context.Context, r idempotency.Request) (done func(), err error) {
	wait, cancel := patient(ctx)
	defer cancel()
	if done, err = s.placing.Take(wait, r.Account.String()+r.Key); err != nil {
		return nil, inProgress(ctx)
	}
	return done, nil
}

// patient returns ctx with the time to wait for others in it: there is some left
// to say so when it was in vain.
func patient(ctx context.Context) (context.Context, context.CancelFunc) {
	wait := turnTimeout
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)-200*time.Millisecond)
	}
	return context.WithTimeout(ctx, wait)
}

// inProgress is the fault of having waited in vain.
func inProgress(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return idempotency.InProgress()
}

// errCartChanged says that the cart is not any more what it was when it was priced.
var errCartChanged = errors.New("the cart has changed meanwhile")

// place places an order and has its saga begin. An order of a cart waits for
// another of that cart that is pending, and is then of what that one has left.
func (s *server) place(ctx context.Context, request idempotency.Request, d order.Draft) (order.Order, error) {
	wait, cancel := patient(ctx)
	defer cancel()
	for wait.Err() == nil {
		if d.FromCart {
			if err := s.awaitCart(ctx, wait, request.Account); err != nil {
				return order.Order{}, err
			}
		}
		j, err := s.placeOnce(ctx, request, d)
		if errors.Is(err, errCartTaken) || errors.Is(err, errCartChanged) {
			continue
		}
		if err == nil {
			s.loop.hand(j.row, j.order)
			s.wake()
		}
		return j.order, err
	}
	return order.Order{}, inProgress(ctx)
}

// awaitCart returns when no order of an account's cart is pending, or when wait
// is over.
func (s *server) awaitCart(ctx, wait context.Context, account uuid.UUID) error {
	ahead, ok, err := pendingOf(ctx, s.db, account)
	if err != nil || !ok {
		return err
	}
	last := order.Pending
	err = news.Watch(wait, s.news, ahead, func() (order.Order, bool, error) {
		o, err := s.find(ctx, uuid.Nil, ahead)
		return o, o.Status != order.Pending, err
	}, func(o order.Order) error {
		last = o.Status
		return nil
	})
	if wait.Err() != nil || err == nil && last == order.Pending { // the server is about to end
		return inProgress(ctx)
	}
	return err
}

// placeOnce prices an order, and then stores it in one transaction: with its key,
// its saga, and the event that says so.
func (s *server) placeOnce(ctx context.Context, request idempotency.Request, d order.Draft) (j job, err error) {
	if j.order, err = s.price(ctx, request, &d); err != nil {
		return j, err
	}
	j.row = row{Order: j.order.ID, Step: saga.First, Token: d.Token, Traceparent: traceparent(ctx)}
	if d.FromCart {
		j.CartOf = request.Account
	}
	err = faults.Point(ctx, "orders.place", func(ctx context.Context) error {
		return postgres.InTx(ctx, s.db, func(tx pgx.Tx) error {
			if err := idempotency.Record(ctx, tx, request, j.order.ID); err != nil {
				return err
			}
			if err := orders.Insert(ctx, tx, j.order); err != nil {
				return err
			}
			if err := begin(ctx, tx, j.row); err != nil {
				return err
			}
			if err := unchanged(ctx, tx, j.CartOf, d.Items); err != nil {
				return err
			}
			return announce(ctx, tx, j.order)
		})
	})
	if err != nil {
		return j, fmt.Errorf("place order %s: %w", j.order.ID, err)
	}
	return j, nil
}

// price makes a pending order of a draft, or of the cart, at today's prices.
func (s *server) price(ctx context.Context, request idempotency.Request, d *order.Draft) (order.Order, error) {
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
	products, err := s.catalogue.products(ctx, d.Items)
	if err != nil {
		return order.Order{}, err
	}
	return order.New(newID(), request.Account, *d, products, request.At)
}

// unchanged returns errCartChanged when a cart does not hold the items that were
// priced any more. It is asked once the cart is taken (begin), from when on no
// other order empties it.
func unchanged(ctx context.Context, tx pgx.Tx, cartOf uuid.UUID, items []order.Item) error {
	if cartOf == uuid.Nil {
		return nil
	}
	now, err := carts.Items(ctx, tx, cartOf)
	if err == nil && !slices.Equal(now, items) {
		err = errCartChanged
	}
	return err
}
