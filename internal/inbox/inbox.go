// Package inbox lets a message that arrives more than once take effect once: that
// it was handled is recorded in the transaction that handles it (the pattern
// "idempotent consumer").
package inbox

import (
	"context"
	"embed"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the table of messages that were handled.
var Schema = postgres.NewSchema("inbox", schema)

// First records in tx that a consumer group handles a message, and reports whether
// it is the first time: otherwise there is nothing left to do.
func First(ctx context.Context, tx pgx.Tx, group string, message uuid.UUID) (bool, error) {
	tag, err := tx.Exec(ctx, `
		INSERT INTO inbox (consumer, message_id) VALUES ($1, $2)
		ON CONFLICT DO NOTHING`, group, message)
	return tag.RowsAffected() == 1, err
}

// Forget forgets the messages that were handled before a time, and returns how
// many. Those that may still come again must be younger: that is as long as
// their topic is kept, or a group may be away.
func Forget(ctx context.Context, db postgres.DB, before time.Time) (int64, error) {
	tag, err := db.Exec(ctx, `DELETE FROM inbox WHERE at < $1`, before)
	return tag.RowsAffected(), err
}

// Clear forgets every message that a consumer group has handled.
func Clear(ctx context.Context, tx pgx.Tx, group string) error {
	_, err := tx.Exec(ctx, `DELETE FROM inbox WHERE consumer = $1`, group)
	return err
}
