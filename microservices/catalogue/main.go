// Command catalogue knows what is for sale and what it costs.
package main

import (
	"context"

	"triptych/internal/service"
	cataloguev1 "triptych/proto/catalogue/v1"
	"triptych/store/catalogue"
)

func main() { service.Main("catalogue", run) }

func run(ctx context.Context, s *service.Service) error {
	db, err := s.Database(ctx, catalogue.Schema)
	if err != nil {
		return err
	}
	cataloguev1.RegisterCatalogueServer(s.Server, &server{db: db})
	return s.Serve(ctx)
}
