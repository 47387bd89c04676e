package idempotency

import (
	"crypto/sha256"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/fault"
	"triptych/internal/postgres/pgtest"
)

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

// request makes a request of somebody.
func request() Request {
	return Request{Account: uuid.New(), Key: "order-1", Fingerprint: fingerprint("body"), At: noon}
}

func fingerprint(body string) []byte {
	f := sha256.Sum256([]byte(body))
	return f[:]
}

func record(t *testing.T, db *pgxpool.Pool, r Request, made uuid.UUID) error {
	return pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error { return Record(t.Context(), tx, r, made) })
}

func find(t *testing.T, db *pgxpool.Pool, r Request) (uuid.UUID, bool) {
	t.Helper()
	made, ok, err := Find(t.Context(), db, r)
	if err != nil {
		t.Fatal(err)
	}
	return made, ok
}

func TestWhatWasMadeIsFoundAgain(t *testing.T) {
	db := pgtest.New(t, Schema)
	r, made := request(), uuid.New()
	if _, ok := find(t, db, r); ok {
		t.Error("it is found before it is made")
	}
	if err := record(t, db, r, made); err != nil {
		t.Fatal(err)
	}
	if got, ok := find(t, db, r); !ok || got != made {
		t.Errorf("got %v, %v", got, ok)
	}
	another, other := r, r
	another.Account = uuid.New()
	other.Key = "order-2"
	for _, r := range []Request{another, other} {
		if _, ok := find(t, db, r); ok {
			t.Errorf("what another account or key made is found for %+v", r)
		}
	}
}

func TestAKeyStandsForOneRequest(t *testing.T) {
	db := pgtest.New(t, Schema)
	r := request()
	if err := record(t, db, r, uuid.New()); err != nil {
		t.Fatal(err)
	}
	r.Fingerprint = fingerprint("another body")
	if made, ok, err := Find(t.Context(), db, r); !fault.Is(err, "idempotency_key_reused") || ok || made != uuid.Nil {
		t.Errorf("got %v, %v, %v", made, ok, err)
	}
	if err := record(t, db, r, uuid.New()); !errors.Is(err, ErrTaken) {
		t.Errorf("recorded over it: %v", err)
	}
}

func TestAKeyIsKeptForADay(t *testing.T) {
	db := pgtest.New(t, Schema)
	r, first, second := request(), uuid.New(), uuid.New()
	if err := record(t, db, r, first); err != nil {
		t.Fatal(err)
	}
	later := r
	later.Fingerprint = fingerprint("another body")
	later.At = noon.Add(24*time.Hour - time.Microsecond)
	if err := record(t, db, later, second); !errors.Is(err, ErrTaken) {
		t.Errorf("within a day: %v", err)
	}
	if _, _, err := Find(t.Context(), db, later); !fault.Is(err, "idempotency_key_reused") {
		t.Errorf("within a day: %v", err)
	}
	later.At = noon.Add(24 * time.Hour)
	if _, ok := find(t, db, later); ok {
		t.Error("it is found after a day")
	}
	if err := record(t, db, later, second); err != nil {
		t.Errorf("after a day: %v", err)
	}
	if got, ok := find(t, db, later); !ok || got != second {
		t.Errorf("after a day: got %v, %v", got, ok)
	}
}

func TestOldKeysAreForgotten(t *testing.T) {
	db := pgtest.New(t, Schema)
	old, young := request(), request()
	young.At = noon.Add(time.Second)
	for _, r := range []Request{old, young} {
		if err := record(t, db, r, uuid.New()); err != nil {
			t.Fatal(err)
		}
	}
	if err := Forget(t.Context(), db, noon.Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	var left uuid.UUID
	if err := db.QueryRow(t.Context(), `SELECT account_id FROM idempotent_requests`).Scan(&left); err != nil || left != young.Account {
		t.Errorf("left: %v, %v", left, err)
	}
}

// Of two that record one key at once, the second waits for the first and does
// nothing when that commits.
func TestTheSecondToRecordAKeyWaitsForTheFirst(t *testing.T) {
	db := pgtest.New(t, Schema)
	undo := errors.New("undo")
	for _, c := range []struct{ first, second error }{{nil, ErrTaken}, {undo, nil}} {
		r := request()
		second := make(chan error, 1)
		err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
			if err := Record(t.Context(), tx, r, uuid.New()); err != nil {
				return err
			}
			go func() { second <- record(t, db, r, uuid.New()) }()
			pgtest.AwaitLock(t, db)
			return c.first
		})
		if !errors.Is(err, c.first) {
			t.Error(err)
		}
		if got := <-second; !errors.Is(got, c.second) {
			t.Errorf("the first ends with %v: the second got %v, want %v", c.first, got, c.second)
		}
	}
}

func TestOfManyAtOnceOneRecordsTheKey(t *testing.T) {
	db := pgtest.New(t, Schema)
	r := request()
	made := make(chan uuid.UUID, 30)
	var wg sync.WaitGroup
	for range cap(made) {
		wg.Go(func() {
			id := uuid.New()
			switch err := record(t, db, r, id); {
			case err == nil:
				made <- id
			case !errors.Is(err, ErrTaken):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(made)
	id := <-made
	if got, ok := find(t, db, r); !ok || got != id || len(made) != 0 {
		t.Errorf("found %v, %v; %v and %d others were made", got, ok, id, len(made))
	}
}

func TestWhatTheDatabaseRefuses(t *testing.T) {
	db := pgtest.New(t, Schema)
	if err := record(t, db, request(), uuid.New()); err != nil {
		t.Fatal(err)
	}
	pgtest.Refuses(t, db, pgtest.Unique, `INSERT INTO idempotent_requests SELECT * FROM idempotent_requests`)
	pgtest.Refuses(t, db, pgtest.Check, `UPDATE idempotent_requests SET key = ''`)
	pgtest.Refuses(t, db, pgtest.Check, `UPDATE idempotent_requests SET key = $1`, strings.Repeat("k", 129))
	pgtest.Refuses(t, db, pgtest.NotNull, `UPDATE idempotent_requests SET made = NULL`)
}
