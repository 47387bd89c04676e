// Package reservations keeps what has become of the lines that orders wanted to
// take from stock, so that each order takes them once and gives them back once,
// however often and in whatever order it says so.
package reservations

import (
	"context"
	"embed"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the tables of this noun.
var Schema = postgres.NewSchema("reservations", schema)

// A State is what has become of an order's lines.
type State string

// The states. Taken can become Released; the other two are final.
const (
	Taken    State = "taken"    // they left the stock
	Short    State = "short"    // there was not enough of one, and none left the stock
	Released State = "released" // they were given back, or are never to be taken
)

// Begin makes an order's reservation, as taken or as released, and reports
// whether it has: false means that there is one. It waits for others who are
// just making it, and keeps them from it until tx ends.
func Begin(ctx context.Context, tx pgx.Tx, id uuid.UUID, s State) (begun bool, err error) {
	tag, err := tx.Exec(ctx, `INSERT INTO reservations (order_id, state) VALUES ($1, $2) ON CONFLICT DO NOTHING`, id, s)
	return tag.RowsAffected() == 1, err
}

// FellShort records, in the transaction that has begun to take an order's lines,
// that there is not enough of a product.
func FellShort(ctx context.Context, tx pgx.Tx, id uuid.UUID, sku string) error {
	_, err := tx.Exec(ctx, `UPDATE reservations SET state = $2, short_sku = $3 WHERE order_id = $1`, id, Short, sku)
	return err
}

// Release makes a reservation that was taken a released one, and reports
// whether it has: what was taken is to be given back then.
func Release(ctx context.Context, tx pgx.Tx, id uuid.UUID) (released bool, err error) {
	tag, err := tx.Exec(ctx, `UPDATE reservations SET state = $2, at = now() WHERE order_id = $1 AND state = $3`, id, Released, Taken)
	return tag.RowsAffected() == 1, err
}

// Get returns what has become of an order's lines, and of which product there
// was not enough.
func Get(ctx context.Context, db postgres.DB, id uuid.UUID) (s State, shortSKU string, err error) {
	err = db.QueryRow(ctx, `SELECT state, coalesce(short_sku, '') FROM reservations WHERE order_id = $1`, id).Scan(&s, &shortSKU)
	return s, shortSKU, err
}
