package main

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/emptypb"

	"triptych/domain/cart"
	"triptych/domain/catalog"
	"triptych/domain/order"
	"triptych/internal/postgres"
	"triptych/internal/rpc"
	cartsv1 "triptych/proto/carts/v1"
	cataloguev1 "triptych/proto/catalogue/v1"
	"triptych/store/carts"
)

// catalogue is the service that knows names and prices.
type catalogue struct{ cataloguev1.CatalogueClient }

// products returns the products of items, by SKU, without those that there are not.
func (c catalogue) products(ctx context.Context, items []order.Item) (map[string]catalog.Product, error) {
	skus := make([]string, len(items))
	for i, item := range items {
		skus[i] = item.SKU
	}
	found, err := c.GetProducts(ctx, &cataloguev1.GetProductsRequest{Skus: skus})
	return fromProducts(found), err
}

// cartServer serves Carts.
type cartServer struct {
	cartsv1.UnimplementedCartsServer
	db        *pgxpool.Pool
	catalogue catalogue
}

// GetCart implements cartsv1.CartsServer.
func (s *cartServer) GetCart(ctx context.Context, in *cartsv1.GetCartRequest) (*cartsv1.Cart, error) {
	account, err := rpc.ParseID("account_id", in.GetAccountId())
	if err != nil {
		return nil, err
	}
	return s.cart(ctx, account)
}

// cart reads a cart, and puts today's prices to it.
func (s *cartServer) cart(ctx context.Context, account uuid.UUID) (*cartsv1.Cart, error) {
	items, err := carts.Items(ctx, s.db, account)
	if err != nil || len(items) == 0 {
		return &cartsv1.Cart{}, err
	}
	products, err := s.catalogue.products(ctx, items)
	if err != nil {
		return nil, err
	}
	lines, err := order.Lines(items, products)
	return &cartsv1.Cart{Lines: toLines(lines)}, err
}

// SetLine implements cartsv1.CartsServer.
func (s *cartServer) SetLine(ctx context.Context, in *cartsv1.SetLineRequest) (*cartsv1.Cart, error) {
	account, err := rpc.ParseID("account_id", in.GetAccountId())
	if err != nil {
		return nil, err
	}
	item := order.Item{SKU: in.GetSku(), Quantity: int(in.GetQuantity())}
	if err := cart.CheckQuantity(item.Quantity); err != nil {
		return nil, err
	}
	products, err := s.catalogue.products(ctx, []order.Item{item})
	if err != nil {
		return nil, err
	}
	if len(products) == 0 {
		return nil, catalog.NoProduct(item.SKU)
	}
	err = postgres.InTx(ctx, s.db, func(tx pgx.Tx) error { return carts.Set(ctx, tx, account, item) })
	if err != nil {
		return nil, err
	}
	return s.cart(ctx, account)
}

// Clear implements cartsv1.CartsServer.
func (s *cartServer) Clear(ctx context.Context, in *cartsv1.ClearRequest) (*emptypb.Empty, error) {
	account, err := rpc.ParseID("account_id", in.GetAccountId())
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, carts.Clear(ctx, s.db, account)
}
