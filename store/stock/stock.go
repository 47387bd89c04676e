// Package stock keeps how many of each product there are.
package stock

import (
	"context"
	"embed"
	"errors"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/order"
	"triptych/domain/stock"
	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the tables of this noun.
var Schema = postgres.NewSchema("stock", schema)

// Open begins the ledger of a product, at zero; again does nothing.
func Open(ctx context.Context, tx pgx.Tx, sku string) error {
	_, err := tx.Exec(ctx, `INSERT INTO stock (sku, reason) VALUES ($1, 'opened') ON CONFLICT DO NOTHING`, sku)
	return err
}

// Move adds delta to what is on hand of a product and returns the result, or
// false when there is no such product. Below zero is the fault "invalid".
func Move(ctx context.Context, db postgres.DB, sku string, delta int, reason string) (onHand int, ok bool, err error) {
	var enough bool
	err = db.QueryRow(ctx, `
		WITH had AS MATERIALIZED (SELECT sku, on_hand FROM stock WHERE sku = $1 FOR UPDATE),
		moved AS (
			UPDATE stock SET on_hand = had.on_hand + $2, reason = $3, order_id = NULL
			FROM had WHERE stock.sku = had.sku AND had.on_hand + $2 >= 0
			RETURNING stock.on_hand)
		SELECT coalesce((SELECT on_hand FROM moved), 0), EXISTS (SELECT FROM moved) FROM had`,
		sku, delta, reason).Scan(&onHand, &enough)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	case !enough:
		return 0, true, stock.BelowZero(sku)
	}
	return onHand, true, nil
}

// Take takes the lines of an order from stock, all or none, and returns the
// first SKU in alphabetical order that there is not enough of. The rows are
// locked in that order too, by this and every other statement that takes
// several, so that two orders of the same products wait for each other and
// never in a ring.
//
// How many there are, the locked rows say. The UPDATE's own look at stock is at
// the rows as they were when the statement began, before it waited for the
// locks: it would miss pieces that came back meanwhile, and the order would be
// confirmed without being taken from stock.
func Take(ctx context.Context, tx pgx.Tx, id uuid.UUID, lines []order.Line) (short string, err error) {
	skus, quantities := split(lines)
	err = tx.QueryRow(ctx, `
		WITH asked AS (
			SELECT * FROM unnest($2::text[], $3::bigint[]) AS line (sku, quantity)),
		wanted AS MATERIALIZED (
			SELECT stock.sku, on_hand, quantity FROM asked JOIN stock USING (sku)
			ORDER BY stock.sku FOR UPDATE OF stock),
		short AS (
			SELECT coalesce(min(asked.sku), '') AS sku FROM asked LEFT JOIN wanted USING (sku)
			WHERE coalesce(on_hand, 0) < asked.quantity),
		taken AS (
			UPDATE stock SET on_hand = wanted.on_hand - wanted.quantity, reason = 'order', order_id = $1
			FROM wanted, short
			WHERE stock.sku = wanted.sku AND short.sku = '')
		SELECT sku FROM short`, id, skus, quantities).Scan(&short)
	return short, err
}

// GiveBack returns the lines of an order to stock.
func GiveBack(ctx context.Context, tx pgx.Tx, id uuid.UUID, lines []order.Line) error {
	skus, quantities := split(lines)
	_, err := tx.Exec(ctx, `
		WITH back AS MATERIALIZED (
			SELECT s.sku, w.quantity
			FROM unnest($2::text[], $3::bigint[]) AS w (sku, quantity) JOIN stock s USING (sku)
			ORDER BY s.sku FOR UPDATE OF s)
		UPDATE stock SET on_hand = on_hand + back.quantity, reason = 'cancelled', order_id = $1
		FROM back WHERE stock.sku = back.sku`, id, skus, quantities)
	return err
}

// split returns the SKUs of lines in order, and their quantities.
func split(lines []order.Line) (skus []string, quantities []int) {
	lines = slices.SortedFunc(slices.Values(lines), func(a, b order.Line) int {
		if a.SKU < b.SKU {
			return -1
		}
		return 1
	})
	for _, l := range lines {
		skus, quantities = append(skus, l.SKU), append(quantities, l.Quantity)
	}
	return skus, quantities
}
