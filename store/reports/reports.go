// Package reports keeps what was sold: a projection of the events of orders,
// and the sums that managers ask for.
//
// Each function that applies an event adds a fact, and facts hold in any order
// and however often they are told: that an order was cancelled may be known
// before what it sold.
package reports

import (
	"context"
	"embed"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/money"
	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the tables of this noun.
var Schema = postgres.NewSchema("reports", schema)

// A Sale is an order that was confirmed.
type Sale struct {
	Order                uuid.UUID
	At                   time.Time
	Total, VAT, Discount money.Amount
	Lines                []Line
}

// A Line is what a sale has of one product.
type Line struct {
	SKU      string
	Quantity int
	Total    money.Amount
}

// Confirmed applies that an order was sold.
func Confirmed(ctx context.Context, tx pgx.Tx, s Sale) error {
	skus, quantities, totals := make([]string, len(s.Lines)), make([]int, len(s.Lines)), make([]money.Amount, len(s.Lines))
	for i, l := range s.Lines {
		skus[i], quantities[i], totals[i] = l.SKU, l.Quantity, l.Total
	}
	_, err := tx.Exec(ctx, `
		WITH sale AS (
			INSERT INTO sales (order_id, confirmed_at, total, vat, discount) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (order_id) DO UPDATE SET
				confirmed_at = excluded.confirmed_at, total = excluded.total, vat = excluded.vat, discount = excluded.discount)
		INSERT INTO sales_lines (order_id, n, sku, quantity, total)
		SELECT $1, n, sku, quantity, total
		FROM unnest($6::text[], $7::integer[], $8::bigint[]) WITH ORDINALITY AS lines (sku, quantity, total, n)
		ON CONFLICT DO NOTHING`, s.Order, s.At, s.Total, s.VAT, s.Discount, skus, quantities, totals)
	return err
}

// Cancelling applies that an order is being given back: it is sold no more, and
// not cancelled yet.
func Cancelling(ctx context.Context, tx pgx.Tx, order uuid.UUID) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO sales (order_id, status) VALUES ($1, 'cancelling')
		ON CONFLICT (order_id) DO UPDATE SET status = 'cancelling' WHERE sales.status = 'sold'`, order)
	return err
}

// Cancelled applies that an order was given back.
func Cancelled(ctx context.Context, tx pgx.Tx, order uuid.UUID) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO sales (order_id, status) VALUES ($1, 'cancelled')
		ON CONFLICT (order_id) DO UPDATE SET status = 'cancelled'`, order)
	return err
}
