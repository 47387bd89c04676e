// Package idempotency remembers what was made of each request that names
// itself, so that a request that is sent twice is carried out once.
package idempotency

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/fault"
	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the tables of this noun.
var Schema = postgres.NewSchema("idempotency", schema)

// keep is how long a key is remembered, as the contract has it.
const keep = 24 * time.Hour

// A Request is one request under one key of one account.
type Request struct {
	Account     uuid.UUID
	Key         string
	Fingerprint []byte // tells the same request from another under the same key
	At          time.Time
}

// ErrTaken says that another has recorded the key meanwhile: Find what it made.
var ErrTaken = errors.New("the idempotency key was recorded meanwhile")

// InProgress is the fault of a request that has waited in vain for another under
// its key.
func InProgress() error {
	return fault.New(fault.Conflict, "request_in_progress", "an earlier request is still being handled; try again shortly").After(time.Second)
}

// Find returns what was made of a request, or false. When the key stands for
// another request, that is the fault "idempotency_key_reused".
func Find(ctx context.Context, db postgres.DB, r Request) (made uuid.UUID, ok bool, err error) {
	var fingerprint []byte
	err = db.QueryRow(ctx, `
		SELECT fingerprint, made FROM idempotent_requests
		WHERE account_id = $1 AND key = $2 AND at > $3`,
		r.Account, r.Key, r.At.Add(-keep)).Scan(&fingerprint, &made)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return uuid.Nil, false, nil
	case err != nil:
		return uuid.Nil, false, err
	case !bytes.Equal(fingerprint, r.Fingerprint):
		return uuid.Nil, false, fault.New(fault.Invalid, "idempotency_key_reused", "this Idempotency-Key was sent with another request before")
	}
	return made, true, nil
}

// Record records what is made of a request in the transaction that makes it.
// It waits for another that is just recording the same key and returns ErrTaken
// when that one commits, so that only one of them makes anything.
func Record(ctx context.Context, tx pgx.Tx, r Request, made uuid.UUID) error {
	tag, err := tx.Exec(ctx, `
		INSERT INTO idempotent_requests AS known (account_id, key, fingerprint, made, at)
		VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account_id, key) DO UPDATE
			SET fingerprint = excluded.fingerprint, made = excluded.made, at = excluded.at
			WHERE known.at <= $6`,
		r.Account, r.Key, r.Fingerprint, made, r.At, r.At.Add(-keep))
	switch {
	case err != nil:
		return fmt.Errorf("record idempotency key: %w", err)
	case tag.RowsAffected() == 0:
		return ErrTaken
	}
	return nil
}

// Forget deletes the keys that are not remembered any more at now.
func Forget(ctx context.Context, db postgres.DB, now time.Time) error {
	_, err := db.Exec(ctx, `DELETE FROM idempotent_requests WHERE at <= $1`, now.Add(-keep))
	return err
}
