// Package pgtest gives each test a PostgreSQL database of its own, made by
// copying a template that has the tables in it.
//
// TEST_DATABASE_URL names the server, as a user who may create databases. When
// it is unset, the first test of a test binary starts a private server that
// ends with the binary. That server alone runs with fsync off: its data is
// thrown away, and a power cut is not among the tests.
package pgtest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/internal/postgres"
)

// A Schema is the tables of one noun.
type Schema = postgres.Schema

// New returns a pool on a database of t's own that has the schemas' tables. The
// database is dropped at the end of t. The pool is patient, as tests queue many
// callers on machines that are busy.
func New(t testing.TB, schemas ...Schema) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), URL(t, schemas...), postgres.Patient, func(c *pgxpool.Config) { c.MinIdleConns = 0 })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// URL is like New for tests that start whole processes: it returns where the
// database is.
func URL(t testing.TB, schemas ...Schema) string {
	t.Helper()
	s, err := theServer()
	if err != nil {
		t.Fatal(err)
	}
	template, err := s.template(t.Context(), schemas)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("%s%x_%s", prefix, time.Now().Unix(), strings.ToLower(rand.Text()[:12]))
	if err := s.exec(t.Context(), `CREATE DATABASE `+name+` TEMPLATE `+template); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.exec(context.Background(), `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return s.url(name)
}

// prefix begins the name of every test's database; the time it was made at
// follows, in hexadecimal, so that one left behind can be told.
const prefix = "triptych_test_"

// A server is where the tests' databases are.
type server struct {
	base  *url.URL
	admin *pgxpool.Pool

	mu        sync.Mutex
	templates map[string]bool
}

var theServer = sync.OnceValues(open)

func open() (*server, error) {
	ctx := context.Background()
	at := os.Getenv("TEST_DATABASE_URL")
	if at == "" {
		var err error
		if at, err = private(ctx); err != nil {
			return nil, err
		}
	}
	base, err := url.Parse(at)
	if err != nil {
		return nil, fmt.Errorf("TEST_DATABASE_URL is not a URL")
	}
	admin, err := postgres.Open(ctx, at, func(c *pgxpool.Config) {
		c.MaxConns, c.MinIdleConns = 4, 0
		c.ConnConfig.RuntimeParams["statement_timeout"] = "60s" // a copy waits for other copies
	})
	if err != nil {
		return nil, fmt.Errorf("TEST_DATABASE_URL: %w", err)
	}
	s := &server{base: base, admin: admin, templates: map[string]bool{}}
	return s, s.sweep(ctx)
}

func (s *server) url(database string) string {
	u := *s.base
	u.Path = "/" + database
	return u.String()
}

func (s *server) exec(ctx context.Context, sql string) error {
	if _, err := s.admin.Exec(ctx, sql); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	return nil
}

// sweep drops databases that killed tests left behind in a server that lasts.
func (s *server) sweep(ctx context.Context) error {
	rows, _ := s.admin.Query(ctx, `SELECT datname FROM pg_database WHERE starts_with(datname, $1)`, prefix)
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range names {
		var made int64
		if _, err := fmt.Sscanf(name, prefix+"%x_", &made); err != nil || time.Since(time.Unix(made, 0)) < time.Hour {
			continue
		}
		if err := s.exec(ctx, `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`); err != nil {
			return err
		}
	}
	return nil
}
