package main

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/catalog"
	rules "triptych/domain/stock"
	"triptych/internal/postgres"
	cataloguev1 "triptych/proto/catalogue/v1"
	stockv1 "triptych/proto/stock/v1"
	"triptych/store/stock"
)

// server serves Stock.
type server struct {
	stockv1.UnimplementedStockServer
	db        *pgxpool.Pool
	catalogue cataloguev1.CatalogueClient
}

// GetLevels implements stockv1.StockServer.
func (s *server) GetLevels(ctx context.Context, r *stockv1.GetLevelsRequest) (*stockv1.GetLevelsResponse, error) {
	onHand, err := stock.OnHand(ctx, s.db, r.Skus)
	var levels []*stockv1.Level
	for _, sku := range r.Skus {
		if n, ok := onHand[sku]; ok {
			levels = append(levels, &stockv1.Level{Sku: sku, OnHand: int64(n)})
		}
	}
	return &stockv1.GetLevelsResponse{Levels: levels}, err
}

// Move implements stockv1.StockServer. A product's ledger begins with its first
// movement, so only then is the catalogue asked whether there is such a product.
func (s *server) Move(ctx context.Context, r *stockv1.MoveRequest) (*stockv1.Level, error) {
	if err := rules.CheckMovement(int(r.Delta), r.Reason); err != nil {
		return nil, err
	}
	onHand, ok, err := stock.Move(ctx, s.db, r.Sku, int(r.Delta), r.Reason)
	if err == nil && !ok {
		onHand, err = s.begin(ctx, r)
	}
	return &stockv1.Level{Sku: r.Sku, OnHand: int64(onHand)}, err
}

func (s *server) begin(ctx context.Context, r *stockv1.MoveRequest) (onHand int, err error) {
	known, err := s.catalogue.GetProducts(ctx, &cataloguev1.GetProductsRequest{Skus: []string{r.Sku}})
	if err != nil {
		return 0, err
	}
	if len(known.Products) == 0 {
		return 0, catalog.NoProduct(r.Sku)
	}
	err = postgres.InTx(ctx, s.db, func(tx pgx.Tx) error {
		if err := stock.Open(ctx, tx, r.Sku); err != nil {
			return err
		}
		onHand, _, err = stock.Move(ctx, tx, r.Sku, int(r.Delta), r.Reason)
		return err
	})
	return onHand, err
}
