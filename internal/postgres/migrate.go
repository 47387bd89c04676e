package postgres

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/tern/v2/migrate"
)

// A Schema is the tables of one noun: numbered files, 001_products.sql and so
// on, that tern's library applies in order and once.
type Schema struct {
	Name string // a plain lower-case word; names the table that counts versions
	FS   fs.FS
}

// NewSchema returns the schema of a noun whose files are embedded from its
// folder schema.
func NewSchema(name string, embedded embed.FS) Schema {
	files, err := fs.Sub(embedded, "schema")
	if err != nil {
		panic(err) // only an invalid path is an error, and this one is a constant
	}
	return Schema{name, files}
}

// Migrate brings the database at url up to date with the schemas, in the order
// given: a schema may refer to tables of those before it. Programs that start
// at once take turns: tern holds a lock. It waits, as Open does, for a database
// that is not up yet.
func Migrate(ctx context.Context, url string, schemas ...Schema) error {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return fmt.Errorf("the database's URL cannot be read: %w", err)
	}
	cfg.ConnectTimeout = 3 * time.Second
	var conn *pgx.Conn
	err = await(ctx, func(ctx context.Context) (err error) {
		conn, err = pgx.ConnectConfig(ctx, cfg)
		return err
	})
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, s := range schemas {
		if err := migrateOne(ctx, conn, s); err != nil {
			return fmt.Errorf("migrate %s: %w", s.Name, err)
		}
	}
	return nil
}

func migrateOne(ctx context.Context, conn *pgx.Conn, s Schema) error {
	m, err := migrate.NewMigrator(ctx, conn, "public.schema_version_"+s.Name)
	if err != nil {
		return err
	}
	if err := m.LoadMigrations(s.FS); err != nil {
		return err
	}
	now, err := m.GetCurrentVersion(ctx)
	if err != nil {
		return err
	}
	if want := len(m.Migrations); int(now) > want {
		return &NewerError{Schema: s.Name, Has: int(now), Knows: want}
	}
	return m.Migrate(ctx)
}

// A NewerError says that the data was written by a newer program, which this
// one must not touch.
type NewerError struct {
	Schema     string
	Has, Knows int // versions
}

// Error tells what to do.
func (e *NewerError) Error() string {
	return fmt.Sprintf("the data was written by a newer version of Triptych (%s is at version %d, this program knows %d); "+
		"use the newer program, or begin afresh with --fresh", e.Schema, e.Has, e.Knows)
}
