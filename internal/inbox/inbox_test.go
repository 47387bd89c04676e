package inbox_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/internal/inbox"
	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
)

// A message counts as handled once the transaction that handled it is committed,
// for each group by itself.
func TestFirst(t *testing.T) {
	db := pgtest.New(t, inbox.Schema)
	m, other := uuid.New(), uuid.New()
	errBroken := errors.New("it is broken")
	for i, c := range []struct {
		group   string
		message uuid.UUID
		err     error // what handling comes to
		first   bool
	}{
		{"reports", m, errBroken, true}, // rolled back
		{"reports", m, nil, true},
		{"reports", m, nil, false},
		{"payroll", m, nil, true},
		{"reports", other, nil, true},
	} {
		var first bool
		err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) (err error) {
			if first, err = inbox.First(t.Context(), tx, c.group, c.message); err != nil {
				return err
			}
			return c.err
		})
		if !errors.Is(err, c.err) || first != c.first {
			t.Errorf("case %d: first is %t, %v, want %t", i, first, err, c.first)
		}
	}
}

// Of many who handle a message at once, one does: the others wait for it and
// find that it is done.
func TestFirstAtOnce(t *testing.T) {
	db := pgtest.New(t, inbox.Schema)
	m := uuid.New()
	var firsts atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
				first, err := inbox.First(t.Context(), tx, "reports", m)
				if first {
					firsts.Add(1)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := firsts.Load(); n != 1 {
		t.Errorf("%d were the first", n)
	}
}

func TestForget(t *testing.T) {
	db := pgtest.New(t, inbox.Schema)
	old, young := uuid.New(), uuid.New()
	handle(t, db, old)
	if _, err := db.Exec(t.Context(), `UPDATE inbox SET at = at - interval '40 days'`); err != nil {
		t.Fatal(err)
	}
	handle(t, db, young)
	n, err := inbox.Forget(t.Context(), db, time.Now().AddDate(0, 0, -30))
	if err != nil || n != 1 {
		t.Errorf("forgot %d, %v, want one", n, err)
	}
	if !handle(t, db, old) || handle(t, db, young) {
		t.Error("the wrong one was forgotten")
	}
}

func handle(t *testing.T, db *pgxpool.Pool, m uuid.UUID) (first bool) {
	t.Helper()
	err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) (err error) {
		first, err = inbox.First(t.Context(), tx, "reports", m)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return first
}
