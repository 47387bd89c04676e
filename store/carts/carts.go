// Package carts keeps what customers mean to buy.
package carts

import (
	"context"
	"embed"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/cart"
	"triptych/domain/order"
	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the tables of this noun.
var Schema = postgres.NewSchema("carts", schema)

// Items returns an account's cart, in the order of first adding.
func Items(ctx context.Context, db postgres.DB, account uuid.UUID) ([]order.Item, error) {
	rows, err := db.Query(ctx, `
		SELECT sku, quantity FROM cart_lines
		WHERE account_id = $1 ORDER BY added`, account)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[order.Item])
}

// Set sets the quantity of a product in a cart; 0 takes the line away. One
// line too many is the fault "invalid".
func Set(ctx context.Context, tx pgx.Tx, account uuid.UUID, item order.Item) error {
	if item.Quantity == 0 {
		_, err := tx.Exec(ctx, `DELETE FROM cart_lines WHERE account_id = $1 AND sku = $2`, account, item.SKU)
		return err
	}
	// Two that add to one cart at once take turns, or both could take the last place.
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, account.String()); err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO cart_lines (account_id, sku, quantity)
		SELECT $1, $2, $3
		WHERE (SELECT count(*) FROM cart_lines WHERE account_id = $1 AND sku <> $2) < $4
		ON CONFLICT (account_id, sku) DO UPDATE SET quantity = excluded.quantity`,
		account, item.SKU, item.Quantity, order.MaxLines)
	if err == nil && tag.RowsAffected() == 0 {
		return cart.Full()
	}
	return err
}

// ErrGone says that a line which was ordered is not in the cart any more:
// another order has taken it meanwhile, or the customer has.
var ErrGone = errors.New("the cart has lost a line meanwhile")

// Bought takes away the lines that were ordered, as they were ordered: what was
// added or changed meanwhile stays. When a line is gone, it returns ErrGone, so
// that of two orders of one cart only the first takes it.
func Bought(ctx context.Context, tx pgx.Tx, account uuid.UUID, lines []order.Line) error {
	skus, quantities := make([]string, len(lines)), make([]int, len(lines))
	for i, l := range lines {
		skus[i], quantities[i] = l.SKU, l.Quantity
	}
	tag, err := tx.Exec(ctx, `
		DELETE FROM cart_lines USING unnest($2::text[], $3::integer[]) AS bought (sku, quantity)
		WHERE account_id = $1 AND cart_lines.sku = bought.sku AND cart_lines.quantity = bought.quantity`,
		account, skus, quantities)
	taken := int(tag.RowsAffected())
	if err != nil || taken == len(lines) {
		return err
	}
	var changed int // a statement of its own sees what the one before has waited for
	err = tx.QueryRow(ctx, `SELECT count(*) FROM cart_lines WHERE account_id = $1 AND sku = ANY ($2)`, account, skus).Scan(&changed)
	if err == nil && taken+changed < len(lines) {
		return ErrGone
	}
	return err
}

// Clear takes every line away.
func Clear(ctx context.Context, db postgres.DB, account uuid.UUID) error {
	_, err := db.Exec(ctx, `DELETE FROM cart_lines WHERE account_id = $1`, account)
	return err
}
