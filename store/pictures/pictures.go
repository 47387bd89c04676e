// Package pictures keeps the pictures of products: each upload until it is
// processed, and then its sizes.
//
// A product shows the newest of its uploads that is ready; while none is, the newest
// of all. So a visitor sees the old picture until the new one is
// there, an upload that fails takes nothing away, and an older upload that is
// finished last changes nothing. That is a rule about reading, ShownFirst: there
// is no "current" mark that could be wrong.
package pictures

import (
	"context"
	"embed"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/fault"
	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the tables of this noun.
var Schema = postgres.NewSchema("pictures", schema)

// A Status says how far an upload is.
type Status string

// The statuses. Ready and Failed are final.
const (
	Processing Status = "processing"
	Ready      Status = "ready"
	Failed     Status = "failed"
)

// A State is an upload without its bytes. Code and Detail say why one failed.
type State struct {
	ID           uuid.UUID
	SKU          string
	Status       Status
	Code, Detail string
}

// ShownFirst orders the uploads of a product so that the one which it shows
// comes first.
const ShownFirst = `(status = 'ready') DESC, id DESC`

const columns = `id, sku, status, coalesce(reason_code, ''), coalesce(reason_detail, '')`

func scan(row pgx.CollectableRow) (s State, err error) {
	err = row.Scan(&s.ID, &s.SKU, &s.Status, &s.Code, &s.Detail)
	return s, err
}

// Insert stores an upload, to be processed with that much memory.
func Insert(ctx context.Context, db postgres.DB, id uuid.UUID, sku string, original []byte, memory int64) error {
	_, err := db.Exec(ctx, `INSERT INTO pictures (id, sku, original, memory) VALUES ($1, $2, $3, $4)`,
		id, sku, original, memory)
	return err
}

// Get returns how far an upload is.
func Get(ctx context.Context, db postgres.DB, id uuid.UUID) (State, error) {
	return one(db.Query(ctx, `SELECT `+columns+` FROM pictures WHERE id = $1`, id))
}

// Newest returns the newest upload of a product, whatever its status: what
// somebody who has just uploaded one waits for.
func Newest(ctx context.Context, db postgres.DB, sku string) (State, error) {
	return one(db.Query(ctx, `SELECT `+columns+` FROM pictures WHERE sku = $1 ORDER BY id DESC LIMIT 1`, sku))
}

// Shown returns what each of those products shows; one without any picture is
// left out.
func Shown(ctx context.Context, db postgres.DB, skus []string) (map[string]State, error) {
	rows, err := db.Query(ctx, `
		SELECT DISTINCT ON (sku) `+columns+`
		FROM pictures WHERE sku = ANY ($1)
		ORDER BY sku, `+ShownFirst, skus)
	if err != nil {
		return nil, err
	}
	found, err := pgx.CollectRows(rows, scan)
	shown := make(map[string]State, len(found))
	for _, s := range found {
		shown[s.SKU] = s
	}
	return shown, err
}

// JPEG returns one size of a picture, and its entity tag.
func JPEG(ctx context.Context, db postgres.DB, id uuid.UUID, size string) (jpeg []byte, tag string, err error) {
	err = db.QueryRow(ctx, `SELECT jpeg, tag FROM picture_sizes WHERE picture_id = $1 AND size = $2`, id, size).Scan(&jpeg, &tag)
	if errors.Is(err, pgx.ErrNoRows) {
		err = notFound()
	}
	return jpeg, tag, err
}

// Forget deletes the uploads that a newer one has replaced before then. They
// are kept for a while because pages that name them may still be open somewhere.
func Forget(ctx context.Context, db postgres.DB, before time.Time) error {
	_, err := db.Exec(ctx, `
		DELETE FROM pictures p WHERE status <> 'processing' AND EXISTS (
			SELECT FROM pictures newer
			WHERE newer.sku = p.sku AND newer.id > p.id AND newer.status = 'ready' AND newer.finished_at < $1)`, before)
	return err
}

func one(rows pgx.Rows, err error) (State, error) {
	if err != nil {
		return State{}, err
	}
	s, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		err = notFound()
	}
	return s, err
}

func notFound() error { return fault.New(fault.NotFound, "not_found", "there is no such picture") }
