package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"

	"triptych/domain/fault"
	"triptych/internal/postgres/pgtest"
	"triptych/internal/rpc/rpctest"
	cataloguev1 "triptych/proto/catalogue/v1"
	stockv1 "triptych/proto/stock/v1"
	"triptych/store/reservations"
	"triptych/store/stock"
)

// A shelf is the service with a database of the test's own, called as the
// gateway and orders call it.
type shelf struct {
	gateway, orders stockv1.StockClient
	db              *pgxpool.Pool
	sold            *sold
}

// sold is a catalogue of products, or one that does not answer.
type sold struct {
	cataloguev1.UnimplementedCatalogueServer
	skus map[string]bool
	err  error
}

func (s *sold) GetProducts(_ context.Context, r *cataloguev1.GetProductsRequest) (*cataloguev1.Products, error) {
	p := &cataloguev1.Products{}
	for _, sku := range r.Skus {
		if s.skus[sku] {
			p.Products = append(p.Products, &cataloguev1.Product{Sku: sku})
		}
	}
	return p, s.err
}

// open returns a shelf with so many of each product.
func open(t testing.TB, onHand map[string]int) *shelf {
	t.Helper()
	c := &sold{skus: map[string]bool{}}
	catalogue := rpctest.Serve(t, "catalogue", "stock", func(r grpc.ServiceRegistrar) { cataloguev1.RegisterCatalogueServer(r, c) })
	s := &server{db: pgtest.New(t, stock.Schema, reservations.Schema), catalogue: cataloguev1.NewCatalogueClient(catalogue)}
	as := func(caller string) stockv1.StockClient {
		return stockv1.NewStockClient(rpctest.Serve(t, "stock", caller, func(r grpc.ServiceRegistrar) { stockv1.RegisterStockServer(r, s) }))
	}
	sh := &shelf{as("gateway"), as("orders"), s.db, c}
	for sku, n := range onHand {
		c.skus[sku] = true
		if n == 0 {
			continue
		}
		if _, err := sh.gateway.Move(t.Context(), &stockv1.MoveRequest{Sku: sku, Delta: int64(n), Reason: "delivery"}); err != nil {
			t.Fatal(err)
		}
	}
	return sh
}

func line(sku string, n int32) *stockv1.Line { return &stockv1.Line{Sku: sku, Quantity: n} }

// reserve returns what came of it in a word: taken, the SKU there was not enough
// of, or the code of a fault.
func (s *shelf) reserve(order uuid.UUID, lines ...*stockv1.Line) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	r, err := s.orders.Reserve(ctx, &stockv1.ReserveRequest{OrderId: order.String(), Lines: lines})
	switch {
	case err != nil:
		return fault.From(err).Code
	case r.ShortSku != "":
		return r.ShortSku
	default:
		return "taken"
	}
}

// release returns ok or the code of a fault.
func (s *shelf) release(order uuid.UUID) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if _, err := s.orders.Release(ctx, &stockv1.ReleaseRequest{OrderId: order.String()}); err != nil {
		return fault.From(err).Code
	}
	return "ok"
}

// left returns how many of each product there are, as a map prints.
func (s *shelf) left(t testing.TB) string {
	t.Helper()
	rows, _ := s.db.Query(context.Background(), `SELECT sku, on_hand FROM stock`)
	on := map[string]int{}
	var sku string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&sku, &n}, func() error { on[sku] = n; return nil }); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(on)
}

// check holds what is on hand against the ledger, and the ledger against the
// reservations: an order that took something holds it, and no other does.
func (s *shelf) check(t testing.TB) {
	t.Helper()
	var wrong []string
	err := s.db.QueryRow(context.Background(), `
		SELECT array_agg(what) FROM (
			SELECT sku AS what FROM stock
			LEFT JOIN (SELECT sku, sum(delta) AS moved FROM stock_movements GROUP BY sku) m USING (sku)
			WHERE on_hand <> coalesce(moved, 0)
			UNION ALL
			SELECT coalesce(r.order_id, held.order_id) || ' is ' || coalesce(state, 'unknown')
			FROM reservations r
			FULL JOIN (
				SELECT order_id, bool_or(n <> 0) AS held FROM (
					SELECT order_id, sku, sum(delta) AS n FROM stock_movements WHERE order_id IS NOT NULL GROUP BY order_id, sku) one
				GROUP BY order_id) held USING (order_id)
			WHERE coalesce(held, false) <> (coalesce(state, '') = 'taken')) complaints`).Scan(&wrong)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Errorf("stock does not agree with its ledger: %s", w)
	}
}
