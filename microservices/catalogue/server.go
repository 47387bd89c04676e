package main

import (
	"context"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/timestamppb"

	"triptych/domain/catalog"
	"triptych/domain/fault"
	"triptych/domain/money"
	"triptych/internal/postgres"
	"triptych/internal/rpc"
	cataloguev1 "triptych/proto/catalogue/v1"
	"triptych/store/catalogue"
)

// server serves Catalogue.
type server struct {
	cataloguev1.UnimplementedCatalogueServer
	db *pgxpool.Pool
}

// ListProducts implements cataloguev1.CatalogueServer.
func (s *server) ListProducts(ctx context.Context, in *cataloguev1.ListProductsRequest) (*cataloguev1.Products, error) {
	limit, err := rpc.ParseLimit(in.Limit)
	if err != nil {
		return nil, err
	}
	found, err := catalogue.List(ctx, s.db, catalog.Filter{Category: in.Category, Query: in.Query}, in.After, limit)
	return toProducts(found), err
}

// maxSKUs bounds how many products one call can ask for by name.
const maxSKUs = 1000

// GetProducts implements cataloguev1.CatalogueServer.
func (s *server) GetProducts(ctx context.Context, in *cataloguev1.GetProductsRequest) (*cataloguev1.Products, error) {
	if len(in.Skus) > maxSKUs {
		return nil, fault.NewInvalid("/skus", "must be at most %d, are %d", maxSKUs, len(in.Skus))
	}
	found, err := catalogue.BySKU(ctx, s.db, in.Skus)
	var products []catalog.Product
	for _, sku := range slices.Sorted(maps.Keys(found)) {
		products = append(products, found[sku])
	}
	return toProducts(products), err
}

// PutProduct implements cataloguev1.CatalogueServer.
func (s *server) PutProduct(ctx context.Context, in *cataloguev1.Product) (*cataloguev1.PutProductResponse, error) {
	p := fromProto(in)
	p.UpdatedAt = postgres.Now()
	if err := p.Validate(); err != nil {
		return nil, err
	}
	var created bool
	err := postgres.InTx(ctx, s.db, func(tx pgx.Tx) (err error) {
		created, err = catalogue.Put(ctx, tx, p)
		return err
	})
	return &cataloguev1.PutProductResponse{Product: toProto(p), Created: created}, err
}

func fromProto(p *cataloguev1.Product) catalog.Product {
	return catalog.Product{
		SKU: p.Sku, Name: p.Name, Description: p.Description, Category: p.Category,
		Price: money.Amount(p.Price), UpdatedAt: p.UpdatedAt.AsTime(),
	}
}

func toProto(p catalog.Product) *cataloguev1.Product {
	return &cataloguev1.Product{
		Sku: p.SKU, Name: p.Name, Description: p.Description, Category: p.Category,
		Price: int64(p.Price), UpdatedAt: timestamppb.New(p.UpdatedAt),
	}
}

func toProducts(products []catalog.Product) *cataloguev1.Products {
	out := make([]*cataloguev1.Product, len(products))
	for i, p := range products {
		out[i] = toProto(p)
	}
	return &cataloguev1.Products{Products: out}
}
