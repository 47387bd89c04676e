package stock

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/order"
	"triptych/internal/postgres/pgtest"
)

// open returns a database in which there are n pieces of the product TEA.
func open(t *testing.T, n int) *pgxpool.Pool {
	t.Helper()
	db := pgtest.New(t, Schema)
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error { return Open(t.Context(), tx, "TEA") })
	if err != nil {
		t.Fatal(err)
	}
	if n > 0 {
		move(t, db, n)
	}
	return db
}

func move(t *testing.T, db *pgxpool.Pool, delta int) {
	t.Helper()
	if _, ok, err := Move(t.Context(), db, "TEA", delta, "delivery"); err != nil || !ok {
		t.Fatalf("move stock by %d: %v, %v", delta, ok, err)
	}
}

func onHand(t *testing.T, db *pgxpool.Pool) (n int) {
	t.Helper()
	if err := db.QueryRow(t.Context(), `SELECT on_hand FROM stock WHERE sku = 'TEA'`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// whileLocked begins f while another transaction, which change is part of, has
// the row, and lets that commit once f waits for it: f's statement began when
// the row was still the old one.
func whileLocked(t *testing.T, db *pgxpool.Pool, change func(pgx.Tx) error, f func() error) {
	t.Helper()
	done := make(chan error, 1)
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		go func() { done <- f() }()
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		return untilSomebodyWaits(ctx, tx)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func untilSomebodyWaits(ctx context.Context, tx pgx.Tx) error {
	for {
		var waiting bool
		err := tx.QueryRow(ctx, `
			SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)
				WHERE NOT l.granted AND a.datname = current_database())`).Scan(&waiting)
		if err != nil || waiting {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

// TestTakeWhatHasJustComeBack has the last piece given back while an order
// waits for the row. The order gets it, and it must leave the stock: the
// statement must not go by how many there were when it began.
func TestTakeWhatHasJustComeBack(t *testing.T) {
	db := open(t, 0)
	var short string
	whileLocked(t, db,
		func(tx pgx.Tx) error {
			return GiveBack(t.Context(), tx, uuid.New(), []order.Line{{SKU: "TEA", Quantity: 1}})
		},
		func() error {
			return pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) (err error) {
				short, err = Take(t.Context(), tx, uuid.New(), []order.Line{{SKU: "TEA", Quantity: 1}})
				return err
			})
		})
	if n := onHand(t, db); short != "" || n != 0 {
		t.Errorf("short of %q with %d left, want neither", short, n)
	}
}

// TestTakeWhatHasJustGone has the last piece sold while an order waits.
func TestTakeWhatHasJustGone(t *testing.T) {
	db := open(t, 1)
	var short string
	take := func(tx pgx.Tx) (err error) {
		short, err = Take(t.Context(), tx, uuid.New(), []order.Line{{SKU: "TEA", Quantity: 1}})
		return err
	}
	whileLocked(t, db, take, func() error { return pgx.BeginFunc(t.Context(), db, take) })
	if n := onHand(t, db); short != "TEA" || n != 0 {
		t.Errorf("short of %q with %d left, want TEA and 0", short, n)
	}
}
