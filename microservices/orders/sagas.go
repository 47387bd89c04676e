package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/order"
	"triptych/internal/postgres"
	"triptych/microservices/orders/saga"
)

//go:embed schema/*.sql
var schema embed.FS

// sagas is the table of where each order's saga stands. Its times are the
// database's, so that processes need not agree on what time it is.
var sagas = postgres.NewSchema("sagas", schema)

// A row is where one saga stands.
type row struct {
	Order       uuid.UUID
	Step        saga.Step
	Token       string        // while it is used
	CartOf      uuid.UUID     // whose cart was ordered; zero when it was not a cart
	Reason      *order.Reason // why the order will be rejected once everything is undone
	Attempts    int           // at this step, that told nothing
	Traceparent string
}

// A saga that somebody works on is theirs until their lease ends: long enough
// for every step to be done or given up (patience), short enough for another to
// take it over soon when they have died.
const lease = 5 * time.Second

// errCartTaken says that another order of the cart is pending.
var errCartTaken = errors.New("the cart is being ordered")

// begin stores a saga that begins, leased to the caller.
func begin(ctx context.Context, tx pgx.Tx, r row) error {
	tag, err := tx.Exec(ctx, `
		INSERT INTO sagas (order_id, step, payment_token, cart_of, due_at, traceparent)
		VALUES ($1, $2, $3, $4, now() + $5::interval, $6)
		ON CONFLICT (cart_of) WHERE step IN ('authorising', 'reserving', 'capturing', 'voiding', 'releasing') DO NOTHING`,
		r.Order, r.Step, r.Token, optionalID(r.CartOf), lease, r.Traceparent)
	switch {
	case err != nil:
		return fmt.Errorf("begin saga: %w", err)
	case tag.RowsAffected() == 0:
		return errCartTaken
	}
	return nil
}

// pendingOf returns the order of an account's cart that is pending, or false.
func pendingOf(ctx context.Context, db postgres.DB, account uuid.UUID) (id uuid.UUID, ok bool, err error) {
	err = db.QueryRow(ctx, `
		SELECT order_id FROM sagas
		WHERE cart_of = $1 AND step IN ('authorising', 'reserving', 'capturing', 'voiding', 'releasing')`,
		account).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, false, nil
	}
	return id, err == nil, err
}

// step moves a saga from where r says it stands to the next step, leased to the
// caller unless it rests there, and reports whether it did: somebody else may
// have moved it before. The reason is kept while something has to be undone
// first; the token goes with the first step.
func (r row) step(ctx context.Context, db postgres.DB, next row) (bool, error) {
	var reason order.Reason
	if next.Reason != nil {
		reason = *next.Reason
	}
	tag, err := db.Exec(ctx, `
		UPDATE sagas SET step = $3, payment_token = NULL, attempts = 0,
			reason_code = nullif($4, ''), reason_detail = nullif($5, ''), reason_sku = nullif($6, ''),
			due_at = now() + $7::interval, traceparent = $8
		WHERE order_id = $1 AND step = $2`,
		r.Order, r.Step, next.Step, reason.Code, reason.Detail, reason.SKU, leaseAt(next.Step), next.Traceparent)
	if err != nil {
		return false, fmt.Errorf("move saga from %s to %s: %w", r.Step, next.Step, err)
	}
	return tag.RowsAffected() == 1, nil
}

// leaseAt returns nil, which makes due_at NULL, for a step at which a saga rests.
func leaseAt(s saga.Step) *time.Duration {
	if s.Rests() {
		return nil
	}
	return new(lease)
}

// putBack gives a saga's lease up: it is due again after a pause.
func (r row) putBack(ctx context.Context, db postgres.DB, pause time.Duration) error {
	_, err := db.Exec(ctx, `
		UPDATE sagas SET attempts = attempts + 1, due_at = now() + $2::interval
		WHERE order_id = $1 AND due_at IS NOT NULL`, r.Order, pause)
	return err
}

// claim leases up to limit sagas that are due to the caller, the longest due
// first: those of processes that died, and those that were put back. Others who
// claim at the same time get others.
func claim(ctx context.Context, db postgres.DB, limit int) ([]row, error) {
	rows, err := db.Query(ctx, `
		WITH due AS (
			SELECT order_id FROM sagas WHERE due_at <= now()
			ORDER BY due_at LIMIT $1
			FOR UPDATE SKIP LOCKED)
		UPDATE sagas SET due_at = now() + $2::interval FROM due WHERE sagas.order_id = due.order_id
		RETURNING sagas.order_id, step, coalesce(payment_token, ''), cart_of,
			coalesce(reason_code, ''), coalesce(reason_detail, ''), coalesce(reason_sku, ''), attempts, traceparent`,
		limit, lease)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

func scan(from pgx.CollectableRow) (r row, err error) {
	var cart *uuid.UUID
	var reason order.Reason
	err = from.Scan(&r.Order, &r.Step, &r.Token, &cart, &reason.Code, &reason.Detail, &reason.SKU, &r.Attempts, &r.Traceparent)
	if cart != nil {
		r.CartOf = *cart
	}
	if reason.Code != "" {
		r.Reason = &reason
	}
	return r, err
}

// optionalID returns nil, which is passed as NULL, for the zero id.
func optionalID(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}
