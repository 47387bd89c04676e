// Package catalogue keeps the products.
package catalogue

import (
	"context"
	"embed"

	"github.com/jackc/pgx/v5"

	"triptych/domain/catalog"
	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the tables of this noun.
var Schema = postgres.NewSchema("catalogue", schema)

// Put stores a product and reports whether it is a new one.
func Put(ctx context.Context, tx pgx.Tx, p catalog.Product) (created bool, err error) {
	err = tx.QueryRow(ctx, `
		INSERT INTO products (sku, name, description, category, price, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (sku) DO UPDATE SET
			name = excluded.name, description = excluded.description, category = excluded.category,
			price = excluded.price, updated_at = excluded.updated_at
		RETURNING xmax = 0`, // no other transaction's mark: the row was inserted
		p.SKU, p.Name, p.Description, p.Category, p.Price, p.UpdatedAt).Scan(&created)
	return created, err
}

// BySKU returns those of the named products that there are.
func BySKU(ctx context.Context, db postgres.DB, skus []string) (map[string]catalog.Product, error) {
	rows, err := db.Query(ctx, `
		SELECT sku, name, description, category, price, updated_at
		FROM products WHERE sku = ANY ($1)`, skus)
	if err != nil {
		return nil, err
	}
	products := make(map[string]catalog.Product, len(skus))
	var p catalog.Product
	_, err = pgx.ForEachRow(rows, []any{&p.SKU, &p.Name, &p.Description, &p.Category, &p.Price, &p.UpdatedAt}, func() error {
		products[p.SKU] = p
		return nil
	})
	return products, err
}
