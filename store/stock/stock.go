// Package stock keeps how many of each product there are.
package stock

import (
	"context"
	"embed"
	"errors"
	"fmt"

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
	err = db.QueryRow(ctx, `
		UPDATE stock SET on_hand = on_hand + $2, reason = $3, order_id = NULL
		WHERE sku = $1 AND on_hand + $2 >= 0
		RETURNING on_hand`, sku, delta, reason).Scan(&onHand)
	if !errors.Is(err, pgx.ErrNoRows) {
		return onHand, err == nil, err
	}
	if err := db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM stock WHERE sku = $1)`, sku).Scan(&ok); err != nil || !ok {
		return 0, false, err
	}
	return 0, true, stock.BelowZero(sku)
}

// Take takes the lines of an order from stock, all or none, and returns the
// first SKU in alphabetical order that there is not enough of.
func Take(ctx context.Context, tx pgx.Tx, id uuid.UUID, lines []order.Line) (short string, err error) {
	onHand, err := lock(ctx, tx, lines)
	if err != nil {
		return "", err
	}
	for _, l := range lines {
		if onHand[l.SKU] < l.Quantity && (short == "" || l.SKU < short) {
			short = l.SKU
		}
	}
	if short != "" {
		return short, nil
	}
	return "", add(ctx, tx, id, lines, "order", -1)
}

// GiveBack returns the lines of an order to stock.
func GiveBack(ctx context.Context, tx pgx.Tx, id uuid.UUID, lines []order.Line) error {
	if _, err := lock(ctx, tx, lines); err != nil {
		return err
	}
	return add(ctx, tx, id, lines, "cancelled", +1)
}

// Taken returns what an order took from stock, by SKU.
func Taken(ctx context.Context, tx pgx.Tx, id uuid.UUID) ([]order.Line, error) {
	rows, _ := tx.Query(ctx, `
		SELECT sku, -delta FROM stock_movements
		WHERE order_id = $1 AND reason = 'order' ORDER BY sku`, id) // its error comes with the rows
	lines, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l order.Line, err error) {
		err = row.Scan(&l.SKU, &l.Quantity)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("read what was taken: %w", err)
	}
	return lines, nil
}

// OnHand returns how many there are of those of the named products that have
// stock.
func OnHand(ctx context.Context, db postgres.DB, skus []string) (map[string]int, error) {
	rows, _ := db.Query(ctx, `SELECT sku, on_hand FROM stock WHERE sku = ANY ($1)`, skus) // its error comes with the rows
	return levels(rows, len(skus))
}

// levels collects how many there are of each product.
func levels(rows pgx.Rows, expected int) (map[string]int, error) {
	onHand := make(map[string]int, expected)
	var sku string
	var n int
	_, err := pgx.ForEachRow(rows, []any{&sku, &n}, func() error {
		onHand[sku] = n
		return nil
	})
	return onHand, err
}

// lock locks the stock of an order's lines and returns how many of each are on
// hand. Everything that changes several rows locks them here first, in SKU
// order, so that two orders of the same products wait for each other and never
// in a ring. It is a statement of its own because the next one then sees what
// those it waited for have left.
func lock(ctx context.Context, tx pgx.Tx, lines []order.Line) (onHand map[string]int, err error) {
	skus := make([]string, len(lines))
	for i, l := range lines {
		skus[i] = l.SKU
	}
	rows, _ := tx.Query(ctx, `SELECT sku, on_hand FROM stock WHERE sku = ANY ($1) ORDER BY sku FOR UPDATE`, skus) // its error comes with the rows
	if onHand, err = levels(rows, len(lines)); err != nil {
		return nil, fmt.Errorf("lock stock: %w", err)
	}
	return onHand, nil
}

// add adds the lines' quantities to stock, or takes them away when sign is −1.
func add(ctx context.Context, tx pgx.Tx, id uuid.UUID, lines []order.Line, reason string, sign int) error {
	skus, deltas := make([]string, len(lines)), make([]int, len(lines))
	for i, l := range lines {
		skus[i], deltas[i] = l.SKU, sign*l.Quantity
	}
	tag, err := tx.Exec(ctx, `
		UPDATE stock SET on_hand = on_hand + delta, reason = $2, order_id = $1
		FROM unnest($3::text[], $4::bigint[]) AS line (sku, delta)
		WHERE stock.sku = line.sku AND on_hand + delta >= 0`, id, reason, skus, deltas)
	if err == nil && tag.RowsAffected() != int64(len(lines)) {
		err = fmt.Errorf("%d products were to be changed, and %d were", len(lines), tag.RowsAffected())
	}
	if err != nil {
		return fmt.Errorf("change stock: %w", err)
	}
	return nil
}
