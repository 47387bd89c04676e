package reservations

import (
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/internal/postgres/pgtest"
)

func inTx(t *testing.T, db *pgxpool.Pool, f func(pgx.Tx) error) {
	t.Helper()
	if err := pgx.BeginFunc(t.Context(), db, f); err != nil {
		t.Fatal(err)
	}
}

func begin(t *testing.T, db *pgxpool.Pool, id uuid.UUID, s State) (begun bool) {
	t.Helper()
	inTx(t, db, func(tx pgx.Tx) (err error) {
		begun, err = Begin(t.Context(), tx, id, s)
		return err
	})
	return begun
}

func release(t *testing.T, db *pgxpool.Pool, id uuid.UUID) (released bool) {
	t.Helper()
	inTx(t, db, func(tx pgx.Tx) (err error) {
		released, err = Release(t.Context(), tx, id)
		return err
	})
	return released
}

func check(t *testing.T, db *pgxpool.Pool, id uuid.UUID, want State, wantSKU string) {
	t.Helper()
	if s, sku, err := Get(t.Context(), db, id); s != want || sku != wantSKU || err != nil {
		t.Errorf("it is %s %s, %v; want %s %s", s, sku, err, want, wantSKU)
	}
}

// short makes a reservation that fell short of TEA.
func short(t *testing.T, db *pgxpool.Pool) uuid.UUID {
	t.Helper()
	id := uuid.New()
	inTx(t, db, func(tx pgx.Tx) error {
		if _, err := Begin(t.Context(), tx, id, Taken); err != nil {
			return err
		}
		return FellShort(t.Context(), tx, id, "TEA")
	})
	return id
}

func TestAReservationIsBegunOnceAndReleasedOnce(t *testing.T) {
	db := pgtest.New(t, Schema)
	id := uuid.New()
	if release(t, db, id) {
		t.Error("what there is not is released")
	}
	if !begin(t, db, id, Taken) || begin(t, db, id, Taken) || begin(t, db, id, Released) {
		t.Error("it is not begun once")
	}
	check(t, db, id, Taken, "")
	if !release(t, db, id) || release(t, db, id) || begin(t, db, id, Taken) {
		t.Error("it is not released once")
	}
	check(t, db, id, Released, "")
}

func TestNothingIsReleasedThatWasNotTaken(t *testing.T) {
	db := pgtest.New(t, Schema)
	never, missing := uuid.New(), short(t, db)
	begin(t, db, never, Released)
	for _, id := range []uuid.UUID{never, missing} {
		if release(t, db, id) || begin(t, db, id, Taken) {
			t.Error("something happens to it")
		}
	}
	check(t, db, never, Released, "")
	check(t, db, missing, Short, "TEA")
}

// Of two who begin a reservation at once, the second waits for the first, and
// sees what came of it.
func TestTheSecondSeesWhatTheFirstDid(t *testing.T) {
	db := pgtest.New(t, Schema)
	id := uuid.New()
	second := make(chan bool, 1)
	inTx(t, db, func(tx pgx.Tx) error {
		if begun, err := Begin(t.Context(), tx, id, Taken); !begun || err != nil {
			t.Errorf("the first has not begun: %v", err)
		}
		go func() {
			var begun bool
			err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) (err error) {
				if begun, err = Begin(t.Context(), tx, id, Released); err != nil {
					return err
				}
				s, _, err := Get(t.Context(), tx, id)
				if s != Short {
					t.Errorf("the second sees it %s", s)
				}
				return err
			})
			second <- begun || err != nil
		}()
		pgtest.AwaitLock(t, db)
		return FellShort(t.Context(), tx, id, "TEA")
	})
	if <-second {
		t.Error("the second has begun, or failed")
	}
}

func TestWhatTheDatabaseRefuses(t *testing.T) {
	db := pgtest.New(t, Schema)
	taken, released, missing := uuid.New(), uuid.New(), short(t, db)
	begin(t, db, taken, Taken)
	begin(t, db, released, Released)
	for name, c := range map[string]struct {
		state, sql string
		of         uuid.UUID
	}{
		"another state":                {pgtest.Check, `INSERT INTO reservations (order_id, state) SELECT gen_random_uuid(), 'lost' WHERE $1 <> gen_random_uuid()`, taken},
		"short of nothing":             {pgtest.Check, `INSERT INTO reservations (order_id, state) SELECT gen_random_uuid(), 'short' WHERE $1 <> gen_random_uuid()`, taken},
		"taken and short of something": {pgtest.Check, `INSERT INTO reservations (order_id, state, short_sku) SELECT gen_random_uuid(), 'taken', 'TEA' WHERE $1 <> gen_random_uuid()`, taken},
		"a second":                     {pgtest.Unique, `INSERT INTO reservations (order_id, state) VALUES ($1, 'taken')`, taken},
		"taken, found short later":     {pgtest.Restrict, `UPDATE reservations SET state = 'short', short_sku = 'TEA' WHERE order_id = $1`, taken},
		"taken, taken again":           {pgtest.Restrict, `UPDATE reservations SET state = 'taken' WHERE order_id = $1`, taken},
		"of another order":             {pgtest.Restrict, `UPDATE reservations SET state = 'released', order_id = gen_random_uuid() WHERE order_id = $1`, taken},
		"released, then taken":         {pgtest.Restrict, `UPDATE reservations SET state = 'taken' WHERE order_id = $1`, released},
		"short, then taken":            {pgtest.Restrict, `UPDATE reservations SET state = 'taken', short_sku = NULL WHERE order_id = $1`, missing},
		"short, then released":         {pgtest.Restrict, `UPDATE reservations SET state = 'released', short_sku = NULL WHERE order_id = $1`, missing},
		"deleted":                      {pgtest.Restrict, `DELETE FROM reservations WHERE order_id = $1`, released},
	} {
		t.Run(name, func(t *testing.T) { pgtest.Refuses(t, db, c.state, c.sql, c.of) })
	}
	pgtest.Refuses(t, db, pgtest.Restrict, `TRUNCATE reservations`)
}
