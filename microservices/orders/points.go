package main

import (
	"context"

	"triptych/internal/faults"
	"triptych/microservices/orders/saga"
)

// atPoint stores what follows from an answer, at a point of its own for each, where
// a test has something go wrong. The names of points are literals, so that the
// test finds them.
func atPoint(ctx context.Context, e saga.Event, store func(context.Context) error) error {
	switch e {
	case saga.Approved:
		return faults.Point(ctx, "orders.approved", store)
	case saga.Declined:
		return faults.Point(ctx, "orders.declined", store)
	case saga.Reserved:
		return faults.Point(ctx, "orders.reserved", store)
	case saga.Short:
		return faults.Point(ctx, "orders.short", store)
	case saga.Captured:
		return faults.Point(ctx, "orders.captured", store)
	case saga.Lapsed:
		return faults.Point(ctx, "orders.lapsed", store)
	case saga.Voided:
		return faults.Point(ctx, "orders.voided", store)
	case saga.Released:
		return faults.Point(ctx, "orders.released", store)
	case saga.Refunded:
		return faults.Point(ctx, "orders.refunded", store)
	}
	return store(ctx)
}
