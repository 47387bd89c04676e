package main

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/api"
	"triptych/domain/catalog"
	"triptych/internal/postgres"
	"triptych/internal/rest"
	"triptych/store/catalogue"
	"triptych/store/pictures"
	"triptych/store/stock"
)

// listing reads products as the shop shows them. One database holds every
// noun, so one statement joins three of them.
const listing = `
	SELECT p.sku, p.name, p.description, p.category, p.price, p.updated_at, s.on_hand,
		shown.id, coalesce(shown.status, ''), coalesce(shown.reason_code, ''), coalesce(shown.reason_detail, '')
	FROM products p JOIN stock s USING (sku)
	LEFT JOIN LATERAL (
		SELECT id, status, reason_code, reason_detail FROM pictures
		WHERE pictures.sku = p.sku
		ORDER BY ` + pictures.ShownFirst + ` LIMIT 1) shown ON true `

func listings(ctx context.Context, db postgres.DB, where string, args ...any) ([]api.Listing, error) {
	rows, err := db.Query(ctx, listing+where, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (l api.Listing, err error) {
		var id *uuid.UUID
		var p pictures.State
		err = row.Scan(&l.SKU, &l.Name, &l.Description, &l.Category, &l.Price, &l.UpdatedAt, &l.Stock, &id, &p.Status, &p.Code, &p.Detail)
		if id != nil {
			p.ID = *id
			l.Picture = new(toPictureState(p))
		}
		return l, err
	})
}

// Products implements api.Catalogue. It looks for a text as catalogue.List does.
func (s *shop) Products(ctx context.Context, f catalog.Filter, p rest.Page) (rest.List[api.Listing], error) {
	found, err := listings(ctx, s.db, `
		WHERE ($1 = '' OR p.category = $1) AND ($2 = '%%' OR p.name ILIKE $2 OR p.description ILIKE $2) AND p.sku > $3
		ORDER BY p.sku LIMIT $4`, f.Category, catalogue.Pattern(f.Query), p.After, p.Limit+1)
	return rest.Cut(found, p.Limit, func(l api.Listing) string { return l.SKU }), err
}

// Product implements api.Catalogue.
func (s *shop) Product(ctx context.Context, sku string, wait time.Duration) (api.Listing, error) {
	if err := s.gallery.awaitNewest(ctx, sku, wait); err != nil {
		return api.Listing{}, err
	}
	return s.shelf.get(ctx, sku)
}

// queryShelf reads the products of one query of the shelf. It names the SKUs of
// stock once more, or the plan would go through all of it.
func (s *shop) queryShelf(ctx context.Context, skus []string) ([]api.Listing, error) {
	return listings(ctx, s.db, `WHERE p.sku = ANY ($1) AND s.sku = ANY ($1)`, skus)
}

// PutProduct implements api.Catalogue.
func (s *shop) PutProduct(ctx context.Context, p catalog.Product) (l api.Listing, created bool, err error) {
	p.UpdatedAt = postgres.Now()
	err = postgres.InTx(ctx, s.db, func(tx pgx.Tx) error {
		if created, err = catalogue.Put(ctx, tx, p); err != nil {
			return err
		}
		if err := stock.Open(ctx, tx, p.SKU); err != nil {
			return err
		}
		stored, err := listings(ctx, tx, `WHERE p.sku = $1`, p.SKU)
		if err != nil {
			return err
		}
		l = stored[0]
		return nil
	})
	return l, created, err
}

// MoveStock implements api.Catalogue.
func (s *shop) MoveStock(ctx context.Context, sku string, delta int, reason string) (int, error) {
	onHand, ok, err := stock.Move(ctx, s.db, sku, delta, reason)
	if err == nil && !ok {
		err = catalog.NoProduct(sku)
	}
	return onHand, err
}
