package main

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"

	"triptych/domain/order"
	"triptych/internal/faults"
	"triptych/internal/news"
	"triptych/internal/postgres"
	"triptych/internal/rpc"
	"triptych/internal/turns"
	"triptych/microservices/orders/saga"
	ordersv1 "triptych/proto/orders/v1"
	"triptych/store/idempotency"
	"triptych/store/orders"
)

// server serves Orders.
type server struct {
	ordersv1.UnimplementedOrdersServer
	books
	loop      *loop
	catalogue catalogue
	placing   *turns.Turns // by account and idempotency key
}

func newServer(db *pgxpool.Pool, c catalogue, o others, wakeRelay func()) *server {
	b := books{db: db, news: news.New(), wake: wakeRelay}
	return &server{books: b, loop: newLoop(b, o), catalogue: c, placing: turns.New()}
}

// newID returns a UUID of version 7, which sorts by the time it was made.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// find returns an order of an account, or of anybody.
func (s *server) find(ctx context.Context, account, id uuid.UUID) (order.Order, error) {
	return orNotFound(orders.Get(ctx, s.db, account, id))
}

// named returns whose order is meant, and which.
func named(in *ordersv1.OrderRequest) (account, id uuid.UUID, err error) {
	if account, err = parseOptionalID("account_id", in.GetAccountId()); err == nil {
		id, err = rpc.ParseID("id", in.GetId())
	}
	return account, id, err
}

// GetOrder implements ordersv1.OrdersServer.
func (s *server) GetOrder(ctx context.Context, in *ordersv1.OrderRequest) (*ordersv1.Order, error) {
	account, id, err := named(in)
	if err != nil {
		return nil, err
	}
	o, err := s.find(ctx, account, id)
	return toProto(o), err
}

// WatchOrder implements ordersv1.OrdersServer. From pending and cancelling there
// is one way on, so that every change is shown.
func (s *server) WatchOrder(in *ordersv1.OrderRequest, out grpc.ServerStreamingServer[ordersv1.Order]) error {
	account, id, err := named(in)
	if err != nil {
		return err
	}
	read := func() (order.Order, bool, error) {
		o, err := s.find(out.Context(), account, id)
		return o, o.Status.Settled(), err
	}
	return news.Watch(out.Context(), s.news, id, read, func(o order.Order) error { return out.Send(toProto(o)) })
}

// ListOrders implements ordersv1.OrdersServer.
func (s *server) ListOrders(ctx context.Context, in *ordersv1.ListOrdersRequest) (*ordersv1.OrderList, error) {
	account, err := parseOptionalID("account_id", in.GetAccountId())
	if err != nil {
		return nil, err
	}
	after, err := parseOptionalID("after", in.GetAfter())
	if err != nil {
		return nil, err
	}
	limit, err := rpc.ParseLimit(in.GetLimit())
	if err != nil {
		return nil, err
	}
	found, err := orders.List(ctx, s.db, account, order.Status(in.GetStatus()), after, limit)
	out := &ordersv1.OrderList{}
	for _, o := range found {
		out.Orders = append(out.Orders, toProto(o))
	}
	return out, err
}

// CancelOrder implements ordersv1.OrdersServer. Money and stock are given back
// beside the request.
func (s *server) CancelOrder(ctx context.Context, in *ordersv1.OrderRequest) (out *ordersv1.Order, err error) {
	err = faults.Point(ctx, "orders.cancel", func(ctx context.Context) error {
		out, err = s.want(ctx, in, saga.CancellingAsked, order.Cancelling, order.Cancelled)
		return err
	})
	return out, err
}

// ShipOrder implements ordersv1.OrdersServer.
func (s *server) ShipOrder(ctx context.Context, in *ordersv1.OrderRequest) (out *ordersv1.Order, err error) {
	err = faults.Point(ctx, "orders.ship", func(ctx context.Context) error {
		out, err = s.want(ctx, in, saga.ShippingAsked, order.Shipped)
		return err
	})
	return out, err
}

// want makes the move that somebody wants of an order that is not yet as they
// want it, and has its saga carried on if that entails anything.
func (s *server) want(ctx context.Context, in *ordersv1.OrderRequest, event saga.Event, already ...order.Status) (*ordersv1.Order, error) {
	account, id, err := named(in)
	if err != nil {
		return nil, err
	}
	o, at, err := s.wanted(ctx, account, id, event, already...)
	if err != nil {
		return nil, fmt.Errorf("%s of order %s: %w", event, id, err)
	}
	if !at.Step.Rests() {
		s.loop.hand(at, o)
	}
	return toProto(o), nil
}

// tidy deletes what has lost its use.
func (s *server) tidy(ctx context.Context) {
	if err := idempotency.Forget(ctx, s.db, postgres.Now()); err != nil {
		slog.WarnContext(ctx, "old idempotency keys stay", "err", err)
	}
}
