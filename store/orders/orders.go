// Package orders keeps what was ordered.
package orders

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/order"
	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the tables of this noun.
var Schema = postgres.NewSchema("orders", schema)

// Insert stores a new order with its lines and history.
func Insert(ctx context.Context, tx pgx.Tx, o order.Order) error {
	var reason order.Reason
	if o.Reason != nil {
		reason = *o.Reason
	}
	c := split(o)
	_, err := tx.Exec(ctx, `
		WITH placed AS (
			INSERT INTO orders (id, account_id, status, reason_code, reason_detail, reason_sku,
				subtotal, discount, shipping, total, vat,
				ship_name, ship_line1, ship_line2, ship_city, ship_postcode, ship_country,
				placed_at, settled_at)
			VALUES ($1, $2, $3, nullif($4, ''), nullif($5, ''), nullif($6, ''), $7, $8, $9, $10, $11,
				$12, $13, $14, $15, $16, $17, $18, $19)),
		lines AS (
			INSERT INTO order_lines (order_id, n, sku, name, quantity, price, total)
			SELECT $1, n, sku, name, quantity, price, total
			FROM unnest($20::text[], $21::text[], $22::integer[], $23::bigint[], $24::bigint[])
				WITH ORDINALITY AS line (sku, name, quantity, price, total, n))
		INSERT INTO order_history (order_id, n, status, at)
		SELECT $1, n, status, at
		FROM unnest($25::text[], $26::timestamptz[]) WITH ORDINALITY AS change (status, at, n)`,
		o.ID, o.Account, o.Status, reason.Code, reason.Detail, reason.SKU,
		o.Subtotal, o.Discount, o.Shipping, o.Total, o.VAT,
		o.ShipTo.Name, o.ShipTo.Line1, o.ShipTo.Line2, o.ShipTo.City, o.ShipTo.Postcode, o.ShipTo.Country,
		o.PlacedAt, optional(o.SettledAt),
		c.skus, c.names, c.quantities, c.prices, c.totals, c.statuses, c.times)
	if err != nil {
		return fmt.Errorf("insert order: %w", err)
	}
	return nil
}

// Move stores the last move of an order that Lock returned.
func Move(ctx context.Context, tx pgx.Tx, o order.Order) error {
	var reason order.Reason
	if o.Reason != nil {
		reason = *o.Reason
	}
	_, err := tx.Exec(ctx, `
		WITH moved AS (
			UPDATE orders SET status = $2, settled_at = $3,
				reason_code = nullif($4, ''), reason_detail = nullif($5, ''), reason_sku = nullif($6, '')
			WHERE id = $1)
		INSERT INTO order_history (order_id, n, status, at) VALUES ($1, $7, $2, $8)`,
		o.ID, o.Status, optional(o.SettledAt), reason.Code, reason.Detail, reason.SKU,
		len(o.History), o.History[len(o.History)-1].At)
	if err != nil {
		return fmt.Errorf("move order to %s: %w", o.Status, err)
	}
	return nil
}

// optional returns nil, which is stored as NULL, for the zero time.
func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// named returns nil, which is passed as NULL, for the zero id.
func named(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

const whose = `WHERE id = $1 AND ($2::uuid IS NULL OR account_id = $2)`

// Get returns an order, or false. Another account's order is not found; the
// zero account sees every order.
func Get(ctx context.Context, db postgres.DB, account, id uuid.UUID) (order.Order, bool, error) {
	found, err := read(ctx, db, whose, id, named(account))
	if err != nil || len(found) == 0 {
		return order.Order{}, false, err
	}
	return found[0], true, nil
}

// Lock returns an order as Get does and keeps others from moving it until the
// transaction ends. It locks first and reads then: a statement that waits for a
// lock has only the locked row as it is now, and the history as it was before.
func Lock(ctx context.Context, tx pgx.Tx, account, id uuid.UUID) (order.Order, bool, error) {
	if _, err := tx.Exec(ctx, `SELECT FROM orders `+whose+` FOR UPDATE`, id, named(account)); err != nil {
		return order.Order{}, false, err
	}
	return Get(ctx, tx, account, id)
}

// List returns up to limit orders, newest first, that come after one. The zero
// account lists everybody's, the empty status every status, the zero after
// from the newest on.
func List(ctx context.Context, db postgres.DB, account uuid.UUID, status order.Status, after uuid.UUID, limit int) ([]order.Order, error) {
	if account == uuid.Nil {
		return read(ctx, db, `
			WHERE ($1 = '' OR orders.status = $1) AND ($2::uuid IS NULL OR id < $2)
			ORDER BY id DESC LIMIT $3`, status, named(after), limit)
	}
	return read(ctx, db, `
		WHERE account_id = $4 AND ($1 = '' OR orders.status = $1) AND ($2::uuid IS NULL OR id < $2)
		ORDER BY id DESC LIMIT $3`, status, named(after), limit, account)
}
