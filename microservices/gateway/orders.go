package main

import (
	"context"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"triptych/api"
	"triptych/domain/order"
	"triptych/internal/rest"
	ordersv1 "triptych/proto/orders/v1"
)

// orders implements api.Orders.
type orders struct{ service ordersv1.OrdersClient }

// PlaceOrder implements api.Orders. Once the order is there, nothing that goes
// wrong while waiting takes it away from the client again.
func (s orders) PlaceOrder(ctx context.Context, by api.Caller, once api.Once, d order.Draft, wait time.Duration) (order.Order, bool, error) {
	placed, err := s.service.PlaceOrder(ctx, toDraft(by.Account, once, d))
	if err != nil {
		return order.Order{}, false, err
	}
	o, err := fromOrder(placed.Order)
	if err != nil {
		return order.Order{}, false, err
	}
	if wait > 0 && !o.Status.Settled() {
		if later, err := s.Order(ctx, by, o.ID, wait); err == nil {
			o = later
		}
	}
	return o, placed.Replayed, nil
}

// Order implements api.Orders. Who wishes to wait has the order watched: the
// service tells of each change, and nobody asks again and again.
func (s orders) Order(ctx context.Context, by api.Caller, id uuid.UUID, wait time.Duration) (order.Order, error) {
	request := scope(by, id)
	if wait > 0 {
		last, err := follow(ctx, wait, func(ctx context.Context) (grpc.ServerStreamingClient[ordersv1.Order], error) {
			return s.service.WatchOrder(ctx, request)
		})
		if err == nil && last != nil {
			return fromOrder(last)
		}
	}
	return received(s.service.GetOrder(ctx, request))
}

// Orders implements api.Orders.
func (s orders) Orders(ctx context.Context, by api.Caller, status order.Status, p rest.Page) (list rest.List[order.Order], err error) {
	if p.After != "" && uuid.Validate(p.After) != nil {
		return list, rest.BadParameter("cursor", "must be the value of next in an earlier answer")
	}
	found, err := s.service.ListOrders(ctx, &ordersv1.ListOrdersRequest{
		AccountId: scope(by, uuid.Nil).AccountId, Status: string(status), After: p.After, Limit: int32(p.Limit + 1),
	})
	if err != nil {
		return list, err
	}
	all, err := each(found.Orders, fromOrder)
	return rest.Cut(all, p.Limit, func(o order.Order) string { return o.ID.String() }), err
}

// CancelOrder implements api.Orders. The order may be cancelling for a while.
func (s orders) CancelOrder(ctx context.Context, by api.Caller, id uuid.UUID) (order.Order, error) {
	return received(s.service.CancelOrder(ctx, scope(by, id)))
}

// ShipOrder implements api.Orders.
func (s orders) ShipOrder(ctx context.Context, id uuid.UUID) (order.Order, error) {
	return received(s.service.ShipOrder(ctx, &ordersv1.OrderRequest{Id: id.String()}))
}

// scope names an order among those that a caller may see: their own, for a
// manager all.
func scope(by api.Caller, id uuid.UUID) *ordersv1.OrderRequest {
	r := &ordersv1.OrderRequest{Id: id.String(), AccountId: by.Account.String()}
	if by.Manager() {
		r.AccountId = ""
	}
	return r
}

func received(o *ordersv1.Order, err error) (order.Order, error) {
	if err != nil {
		return order.Order{}, err
	}
	return fromOrder(o)
}
