package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/types/known/emptypb"

	"triptych/domain/fault"
	"triptych/domain/order"
	"triptych/internal/faults"
	"triptych/internal/postgres"
	"triptych/internal/rpc"
	stockv1 "triptych/proto/stock/v1"
	"triptych/store/reservations"
	"triptych/store/stock"
)

// Reserve implements stockv1.StockServer.
func (s *server) Reserve(ctx context.Context, in *stockv1.ReserveRequest) (*stockv1.ReserveResponse, error) {
	id, err := rpc.ParseID("order_id", in.OrderId)
	if err != nil {
		return nil, err
	}
	lines, err := wanted(in.Lines)
	if err != nil {
		return nil, err
	}
	var short string
	err = faults.Point(ctx, "stock.reserve", func(ctx context.Context) error {
		return postgres.InTx(ctx, s.db, func(tx pgx.Tx) (err error) {
			short, err = reserve(ctx, tx, id, lines)
			return err
		})
	})
	return &stockv1.ReserveResponse{ShortSku: short}, err
}

// reserve takes an order's lines unless that was done before, or is never to be
// done. The order's reservation is locked before any stock is, here as in
// release, so that the two never wait for each other.
func reserve(ctx context.Context, tx pgx.Tx, id uuid.UUID, lines []order.Line) (short string, err error) {
	first, err := reservations.Begin(ctx, tx, id, reservations.Taken)
	if err != nil {
		return "", err
	}
	if !first {
		return again(ctx, tx, id)
	}
	if short, err = stock.Take(ctx, tx, id, lines); err != nil || short == "" {
		return short, err
	}
	return short, reservations.FellShort(ctx, tx, id, short)
}

// again answers as the first time.
func again(ctx context.Context, tx pgx.Tx, id uuid.UUID) (short string, err error) {
	state, short, err := reservations.Get(ctx, tx, id)
	if err == nil && state == reservations.Released {
		err = fault.New(fault.Conflict, "reservation_released", "nothing is reserved for order %s any more", id)
	}
	return short, err
}

// Release implements stockv1.StockServer.
func (s *server) Release(ctx context.Context, in *stockv1.ReleaseRequest) (*emptypb.Empty, error) {
	id, err := rpc.ParseID("order_id", in.OrderId)
	if err != nil {
		return nil, err
	}
	err = faults.Point(ctx, "stock.release", func(ctx context.Context) error {
		return postgres.InTx(ctx, s.db, func(tx pgx.Tx) error { return release(ctx, tx, id) })
	})
	return &emptypb.Empty{}, err
}

// release gives back what an order took. One that has not asked for anything
// gets nothing from then on: its Reserve may be on its way.
func release(ctx context.Context, tx pgx.Tx, id uuid.UUID) error {
	if first, err := reservations.Begin(ctx, tx, id, reservations.Released); err != nil || first {
		return err
	}
	if taken, err := reservations.Release(ctx, tx, id); err != nil || !taken {
		return err
	}
	lines, err := stock.Taken(ctx, tx, id)
	if err != nil {
		return err
	}
	return stock.GiveBack(ctx, tx, id, lines)
}

// wanted returns the lines of a request, which must be those of an order.
func wanted(in []*stockv1.Line) ([]order.Line, error) {
	var c fault.Checker
	c.Check(len(in) >= 1 && len(in) <= order.MaxLines, "/lines", "must be 1 to %d, are %d", order.MaxLines, len(in))
	lines := make([]order.Line, len(in))
	seen := map[string]bool{}
	for i, l := range in {
		c.Check(l.Quantity >= 1 && l.Quantity <= order.MaxQuantity, fmt.Sprintf("/lines/%d/quantity", i),
			"must be 1 to %d, is %d", order.MaxQuantity, l.Quantity)
		c.Check(!seen[l.Sku], fmt.Sprintf("/lines/%d/sku", i), "%s is there twice", l.Sku)
		lines[i] = order.Line{SKU: l.Sku, Quantity: int(l.Quantity)}
		seen[l.Sku] = true
	}
	return lines, c.Err()
}
