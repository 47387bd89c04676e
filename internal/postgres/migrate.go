package postgres

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Schema is the tables of one noun: numbered files, 001_products.sql and so
// on, that are applied in order and once.
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
// at once take turns. It waits, as Open does, for a database
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

// migrationLock is held while a schema is brought up to date. Any number does that
// nobody else on the database uses.
const migrationLock = 0x7472697074796368 // "triptych"

// migrateOne applies the steps of a schema that the database does not have yet,
// each in a transaction together with the new version.
//
// (Tern's library did this before. It fills templates in, and linking
// text/template keeps the linker from leaving out unused methods: 4 MB in each of
// ten programs, for what is done here.)
func migrateOne(ctx context.Context, conn *pgx.Conn, s Schema) (err error) {
	steps, err := fs.Glob(s.FS, "*.sql") // in the order of their names
	if err != nil {
		return err
	}
	for i, name := range steps {
		if number, _, _ := strings.Cut(name, "_"); strings.TrimLeft(number, "0") != strconv.Itoa(i+1) {
			return fmt.Errorf("%s is file number %d: they are to be numbered 001, 002 and so on", name, i+1)
		}
	}
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1)`, int64(migrationLock)); err != nil {
		return err
	}
	defer func() { // also when ctx has ended: others wait for it
		_, unlocked := conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, int64(migrationLock))
		err = cmp.Or(err, unlocked)
	}()
	table := pgx.Identifier{"public", "schema_version_" + s.Name}.Sanitize()
	version, err := versionIn(ctx, conn, table)
	if err != nil {
		return err
	}
	if version > len(steps) {
		return &NewerError{Schema: s.Name, Has: version, Knows: len(steps)}
	}
	for i, name := range steps[version:] {
		if err := apply(ctx, conn, s.FS, name, table, version+i+1); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// versionIn returns how many steps have been applied; none in a new database.
func versionIn(ctx context.Context, conn *pgx.Conn, table string) (version int, err error) {
	var exists bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, table).Scan(&exists); err != nil {
		return 0, err
	}
	if !exists {
		_, err := conn.Exec(ctx, `CREATE TABLE `+table+` (version int NOT NULL); INSERT INTO `+table+` VALUES (0)`)
		return 0, err
	}
	err = conn.QueryRow(ctx, `SELECT version FROM `+table).Scan(&version)
	return version, err
}

func apply(ctx context.Context, conn *pgx.Conn, files fs.FS, name, table string, version int) error {
	sql, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, string(sql)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `UPDATE `+table+` SET version = $1`, version)
		return err
	})
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
