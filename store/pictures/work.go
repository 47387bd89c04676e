package pictures

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/picture"
	"triptych/internal/postgres"
)

// A Job is an upload that is to be processed.
type Job struct {
	ID     uuid.UUID
	Memory int64 // bytes that it takes
}

// Waiting returns the oldest uploads that are to be processed, apart from those
// that the caller has at work, at most limit. The database is the queue, so
// what a crash interrupted is in it too.
func Waiting(ctx context.Context, db postgres.DB, atWork []uuid.UUID, limit int) ([]Job, error) {
	rows, err := db.Query(ctx, `
		SELECT id, memory FROM pictures
		WHERE status = 'processing' AND id <> ALL (coalesce($1, '{}'::uuid[]))
		ORDER BY id LIMIT $2`, atWork, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Job])
}

// Begin counts an attempt to process an upload and returns its bytes. They are
// nil when there is nothing to process any more.
func Begin(ctx context.Context, db postgres.DB, id uuid.UUID) (original []byte, attempt int, err error) {
	err = db.QueryRow(ctx, `
		UPDATE pictures SET attempts = attempts + 1
		WHERE id = $1 AND status = 'processing'
		RETURNING original, attempts`, id).Scan(&original, &attempt)
	if errors.Is(err, pgx.ErrNoRows) {
		err = nil
	}
	return original, attempt, err
}

// Finish stores the sizes of an upload, which is then ready. For one that is
// final already it does nothing.
func Finish(ctx context.Context, tx pgx.Tx, id uuid.UUID, jpegs map[picture.Size][]byte, at time.Time) error {
	tag, err := tx.Exec(ctx, `
		UPDATE pictures SET status = 'ready', original = NULL, finished_at = $2
		WHERE id = $1 AND status = 'processing'`, id, at)
	if err != nil || tag.RowsAffected() == 0 {
		return err
	}
	for _, size := range picture.Sizes {
		if _, err := tx.Exec(ctx, `INSERT INTO picture_sizes (picture_id, size, jpeg, tag) VALUES ($1, $2, $3, $4)`,
			id, size, jpegs[size], entityTag(jpegs[size])); err != nil {
			return err
		}
	}
	return nil
}

// Fail says why an upload cannot be processed. For one that is final already it
// does nothing.
func Fail(ctx context.Context, db postgres.DB, id uuid.UUID, code, detail string, at time.Time) error {
	_, err := db.Exec(ctx, `
		UPDATE pictures SET status = 'failed', original = NULL, reason_code = $2, reason_detail = $3, finished_at = $4
		WHERE id = $1 AND status = 'processing'`, id, code, detail, at)
	return err
}

func entityTag(jpeg []byte) string {
	sum := sha256.Sum256(jpeg)
	return hex.EncodeToString(sum[:16])
}
