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
func (s *server) GetLevels(ctx context.Context, in *stockv1.GetLevelsRequest) (*stockv1.GetLevelsResponse, error) {
	onHand, err := stock.OnHand(ctx, s.db, in.Skus)
	var levels []*stockv1.Level
	for _, sku := range in.Skus {
		if n, ok := onHand[sku]; ok {
			levels = append(levels, &stockv1.Level{Sku: sku, OnHand: int64(n)})
		}
	}
	return &stockv1.GetLevelsResponse{Levels: levels}, err
}

// Move implements stockv1.StockServer. A product's ledger begins with its first
// movement, so only then is the catalogue asked whether there is such a product.
func (s *server) Move(ctx context.Context, in *stockv1.MoveRequest) (*stockv1.Level, error) {
	if err := rules.CheckMovement(int(in.Delta), in.Reason); err != nil {
		return nil, err
	}
	onHand, ok, err := stock.Move(ctx, s.db, in.Sku, int(in.Delta), in.Reason)
	if err == nil && !ok {
		onHand, err = s.begin(ctx, in)
	}
	return &stockv1.Level{Sku: in.Sku, OnHand: int64(onHand)}, err
}

func (s *server) begin(ctx context.Context, in *stockv1.MoveRequest) (onHand int, err error) {
	known, err := s.catalogue.GetProducts(ctx, &cataloguev1.GetProductsRequest{Skus: []string{in.Sku}})
	if err != nil {
		return 0, err
	}
	if len(known.Products) == 0 {
		return 0, catalog.NoProduct(in.Sku)
	}
	err = postgres.InTx(ctx, s.db, func(tx pgx.Tx) error {
		if err := stock.Open(ctx, tx, in.Sku); err != nil {
			return err
		}
		onHand, _, err = stock.Move(ctx, tx, in.Sku, int(in.Delta), in.Reason)
		return err
	})
	return onHand, err
}
