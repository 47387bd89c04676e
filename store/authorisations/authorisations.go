// Package authorisations keeps how far each order's payment is: set aside,
// taken, given back, or called off.
package authorisations

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/payment"
	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the tables of this noun.
var Schema = postgres.NewSchema("authorisations", schema)

// Insert stores an authorisation, unless its order has one. It waits for others
// who are just storing it.
func Insert(ctx context.Context, tx pgx.Tx, a payment.Authorisation) (inserted bool, err error) {
	var expires *time.Time
	if !a.Expires.IsZero() {
		expires = &a.Expires
	}
	tag, err := tx.Exec(ctx, `
		INSERT INTO authorisations (order_id, status, detail, total, vat, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT DO NOTHING`,
		a.Order, a.Status, a.Detail, a.Total, a.VAT, expires)
	if err != nil {
		return false, fmt.Errorf("store authorisation: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

const get = `SELECT order_id, status, detail, total, vat, expires_at FROM authorisations WHERE order_id = $1`

func scan(row pgx.Row) (a payment.Authorisation, ok bool, err error) {
	var expires *time.Time
	err = row.Scan(&a.Order, &a.Status, &a.Detail, &a.Total, &a.VAT, &expires)
	if errors.Is(err, pgx.ErrNoRows) {
		return a, false, nil
	}
	if err != nil {
		return a, false, fmt.Errorf("read authorisation: %w", err)
	}
	if expires != nil {
		a.Expires = *expires
	}
	return a, true, nil
}

// Get returns the authorisation of an order, or false.
func Get(ctx context.Context, db postgres.DB, order uuid.UUID) (payment.Authorisation, bool, error) {
	return scan(db.QueryRow(ctx, get, order))
}

// Lock returns the authorisation of an order and keeps others from it until tx
// ends. When there is none it makes one of nothing, so that none comes later.
func Lock(ctx context.Context, tx pgx.Tx, order uuid.UUID) (payment.Authorisation, error) {
	for {
		a, ok, err := scan(tx.QueryRow(ctx, get+` FOR UPDATE`, order))
		if ok || err != nil {
			return a, err
		}
		if _, err := Insert(ctx, tx, payment.Unwanted(order)); err != nil {
			return a, err
		}
		// Now there is one: this, or that of somebody who was faster.
	}
}

// Update stores what has become of an authorisation.
func Update(ctx context.Context, tx pgx.Tx, a payment.Authorisation) error {
	_, err := tx.Exec(ctx, `
		UPDATE authorisations SET status = $2, detail = $3, changed_at = now()
		WHERE order_id = $1`, a.Order, a.Status, a.Detail)
	if err != nil {
		return fmt.Errorf("store what became of an authorisation: %w", err)
	}
	return nil
}
