package main

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/catalog"
	"triptych/domain/order"
	"triptych/internal/postgres"
	"triptych/store/carts"
	"triptych/store/catalogue"
)

// Cart implements api.Carts.
func (s *shop) Cart(ctx context.Context, account uuid.UUID) ([]order.Line, error) {
	return cartLines(ctx, s.db, account)
}

func cartLines(ctx context.Context, db postgres.DB, account uuid.UUID) ([]order.Line, error) {
	items, err := carts.Items(ctx, db, account)
	if err != nil || len(items) == 0 {
		return nil, err
	}
	products, err := catalogue.BySKU(ctx, db, skus(items))
	if err != nil {
		return nil, err
	}
	return order.Lines(items, products)
}

func skus(items []order.Item) []string {
	skus := make([]string, len(items))
	for i, item := range items {
		skus[i] = item.SKU
	}
	return skus
}

// SetCartLine implements api.Carts.
func (s *shop) SetCartLine(ctx context.Context, account uuid.UUID, item order.Item) (lines []order.Line, err error) {
	err = postgres.InTx(ctx, s.db, func(tx pgx.Tx) error {
		products, err := catalogue.BySKU(ctx, tx, []string{item.SKU})
		if err != nil {
			return err
		}
		if len(products) == 0 {
			return catalog.NoProduct(item.SKU)
		}
		if err := carts.Set(ctx, tx, account, item); err != nil {
			return err
		}
		lines, err = cartLines(ctx, tx, account)
		return err
	})
	return lines, err
}

// ClearCart implements api.Carts.
func (s *shop) ClearCart(ctx context.Context, account uuid.UUID) error {
	return carts.Clear(ctx, s.db, account)
}
