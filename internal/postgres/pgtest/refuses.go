package pgtest

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"triptych/internal/postgres"
)

// The ways in which a database refuses what must not be, by SQLSTATE
// (https://www.postgresql.org/docs/current/errcodes-appendix.html).
const (
	Restrict = "23001" // what our triggers say of rows that stay as they are
	NotNull  = "23502"
	Foreign  = "23503"
	Unique   = "23505"
	Check    = "23514"
)

// Refuses has the database carry out a statement that it must refuse in that way.
func Refuses(t testing.TB, db postgres.DB, state, sql string, args ...any) {
	t.Helper()
	_, err := db.Exec(t.Context(), sql, args...)
	statement := strings.Join(strings.Fields(sql), " ")
	var pg *pgconn.PgError
	switch {
	case err == nil:
		t.Errorf("%s %v is carried out", statement, args)
	case !errors.As(err, &pg) || pg.Code != state:
		t.Errorf("%s %v: got %v, want SQLSTATE %s", statement, args, err, state)
	}
}
