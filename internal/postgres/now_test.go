package postgres_test

import (
	"testing"
	"time"

	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
)

func TestTheDatabaseKeepsNow(t *testing.T) {
	now := postgres.Now()
	var kept time.Time
	if err := pgtest.New(t).QueryRow(t.Context(), `SELECT $1::timestamptz`, now).Scan(&kept); err != nil {
		t.Fatal(err)
	}
	if !kept.Equal(now) || now.Location() != time.UTC {
		t.Errorf("%s is kept as %s", now, kept)
	}
}
