// Package catalogue keeps the products.
package catalogue

import (
	"context"
	"embed"
	"strings"

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

// List returns the products that the filter lets through, by SKU, from after a
// SKU on. A text to look for makes it read on until the page is full, at worst
// through all products: that is soon done with the few thousand that there are,
// and would want an index of trigrams with more.
func List(ctx context.Context, db postgres.DB, f catalog.Filter, after string, limit int) ([]catalog.Product, error) {
	rows, err := db.Query(ctx, `
		SELECT sku, name, description, category, price, updated_at FROM products
		WHERE ($1 = '' OR category = $1) AND ($2 = '%%' OR name ILIKE $2 OR description ILIKE $2) AND sku > $3
		ORDER BY sku LIMIT $4`, f.Category, Pattern(f.Query), after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[catalog.Product])
}

// Pattern returns the pattern, for ILIKE, of what contains a text.
func Pattern(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text) + "%"
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
