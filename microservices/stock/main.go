// Command stock knows how many of each product there are, and takes what orders
// want of them, once.
package main

import (
	"context"

	"triptych/internal/service"
	cataloguev1 "triptych/proto/catalogue/v1"
	stockv1 "triptych/proto/stock/v1"
	"triptych/store/reservations"
	"triptych/store/stock"
)

func main() { service.Main("stock", run) }

func run(ctx context.Context, s *service.Service) error {
	db, err := s.Database(ctx, stock.Schema, reservations.Schema)
	if err != nil {
		return err
	}
	catalogue, err := s.Dial("catalogue")
	if err != nil {
		return err
	}
	stockv1.RegisterStockServer(s.Server, &server{db: db, catalogue: cataloguev1.NewCatalogueClient(catalogue)})
	return s.Serve(ctx)
}
