package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/fault"
	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
)

// things is a table to play with.
func things(t *testing.T, tweaks ...func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Open(t.Context(), pgtest.URL(t), tweaks...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	do(t, pool, `CREATE TABLE things (id int PRIMARY KEY, n int NOT NULL DEFAULT 0)`)
	do(t, pool, `INSERT INTO things VALUES (1), (2)`)
	return pool
}

func do(t *testing.T, db postgres.DB, sql string, args ...any) {
	t.Helper()
	if _, err := db.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, db postgres.DB, sql string) (n int) {
	t.Helper()
	if err := db.QueryRow(t.Context(), sql).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func add(ctx context.Context, tx pgx.Tx, id int) error {
	_, err := tx.Exec(ctx, `UPDATE things SET n = n + 1 WHERE id = $1`, id)
	return err
}

func TestATransactionIsAllOrNothing(t *testing.T) {
	db := things(t)
	err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error { return add(t.Context(), tx, 1) })
	if err != nil {
		t.Error(err)
	}
	no := errors.New("no")
	err = postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
		return errors.Join(add(t.Context(), tx, 2), no)
	})
	if !errors.Is(err, no) {
		t.Errorf("error %v, want the function's own", err)
	}
	if n := count(t, db, `SELECT 10 * min(id) + sum(n)::int FROM things`); n != 11 {
		t.Errorf("%d, want only the first addition", n)
	}
}

func TestAPanicGivesTheConnectionBack(t *testing.T) {
	db := things(t, func(c *pgxpool.Config) { c.MaxConns = 1 })
	func() {
		defer func() { recover() }()
		postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
			add(t.Context(), tx, 1)
			panic("a bug")
		})
	}()
	if n := count(t, db, `SELECT sum(n)::int FROM things`); n != 0 {
		t.Errorf("the sum is %d, want 0", n)
	}
}

func TestACancelledCallerRollsBack(t *testing.T) {
	db := things(t, func(c *pgxpool.Config) { c.MaxConns = 1 })
	ctx, cancel := context.WithCancel(t.Context())
	err := postgres.InTx(ctx, db, func(tx pgx.Tx) error {
		err := add(ctx, tx, 1)
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) || postgres.Unavailable(err) {
		t.Errorf("error %v, want cancelled and nobody's fault", err)
	}
	if n := count(t, db, `SELECT sum(n)::int FROM things`); n != 0 {
		t.Errorf("the sum is %d, want 0", n)
	}
}

func TestADeadlockIsRunAgain(t *testing.T) {
	db := things(t)
	var both sync.WaitGroup // each has its first row before either asks for its second
	both.Add(2)
	var runs [2]int
	var errs [2]error
	var wg sync.WaitGroup
	for i, order := range [2][2]int{{1, 2}, {2, 1}} {
		wg.Go(func() {
			errs[i] = postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
				runs[i]++
				if err := add(t.Context(), tx, order[0]); err != nil {
					return err
				}
				if runs[i] == 1 {
					both.Done()
					both.Wait()
				}
				return add(t.Context(), tx, order[1])
			})
		})
	}
	wg.Wait()
	if err := errors.Join(errs[:]...); err != nil {
		t.Error(err)
	}
	if runs[0]+runs[1] < 3 {
		t.Errorf("runs %v, want one more than one each: there was no deadlock", runs)
	}
	if n := count(t, db, `SELECT sum(n)::int FROM things`); n != 4 {
		t.Errorf("the sum is %d, want 4", n)
	}
}

func TestRetriesHaveAnEnd(t *testing.T) {
	db := things(t)
	runs := 0
	err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
		runs++
		_, err := tx.Exec(t.Context(), `DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$`)
		return err
	})
	if runs != 5 {
		t.Errorf("%d runs, want 5", runs)
	}
	if f := fault.From(postgres.Fault(err)); f.Kind != fault.Unavailable {
		t.Errorf("fault %v, want unavailable", f)
	}
}

func TestAFullPoolIsTimedOut(t *testing.T) {
	db := things(t, func(c *pgxpool.Config) { c.MaxConns = 1 })
	held, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	begun := time.Now()
	_, err = db.Exec(t.Context(), `SELECT 1`)
	if took := time.Since(begun); took < 900*time.Millisecond || took > 20*time.Second {
		t.Errorf("it took %s to say that no connection is free, want 1s", took)
	}
	f := fault.From(postgres.Fault(err))
	if f.Kind != fault.Unavailable || f.Code != "unavailable" || f.RetryAfter <= 0 {
		t.Errorf("fault %+v, want unavailable with a time to come back", f)
	}
}

func TestAPatientPoolWaits(t *testing.T) {
	db := things(t, postgres.Patient, func(c *pgxpool.Config) { c.MaxConns = 1 })
	held, err := db.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(1100*time.Millisecond, held.Release) // later than others would wait
	do(t, db, `SELECT 1`)
}

func TestLongWaitsEnd(t *testing.T) {
	db := things(t, func(c *pgxpool.Config) {
		c.ConnConfig.RuntimeParams["statement_timeout"] = "2s" // in which all else is done, on a busy machine
		c.ConnConfig.RuntimeParams["lock_timeout"] = "1s"
	})
	_, slow := db.Exec(t.Context(), `SELECT pg_sleep(60)`)
	var locked error
	err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
		if err := add(t.Context(), tx, 1); err != nil {
			return err
		}
		_, locked = db.Exec(t.Context(), `UPDATE things SET n = 7`)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{slow, locked} {
		if f := fault.From(postgres.Fault(err)); f.Kind != fault.Unavailable {
			t.Errorf("%v became the fault %v, want unavailable", err, f)
		}
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	db := things(t)
	for name, want := range map[string]string{
		"statement_timeout": "5s", "lock_timeout": "2s",
		"idle_in_transaction_session_timeout": "10s", "application_name": "triptych",
		"transaction_isolation": "read committed",
	} {
		var got string
		if err := db.QueryRow(t.Context(), `SELECT current_setting($1)`, name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", name, got, err, want)
		}
	}
}

func TestTheURLMaySaySoOtherwise(t *testing.T) {
	at := pgtest.URL(t)
	join := "?"
	if strings.Contains(at, "?") {
		join = "&"
	}
	db, err := postgres.Open(t.Context(), at+join+"application_name=lab&statement_timeout=90s")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var got string
	err = db.QueryRow(t.Context(), `SELECT current_setting('application_name') || ' ' || current_setting('statement_timeout')`).Scan(&got)
	if err != nil || got != "lab 90s" && got != "lab 1min30s" {
		t.Errorf("got %q, %v; want what the URL says", got, err)
	}
}

func TestOpenDoesNotWaitForWhatTimeCannotHeal(t *testing.T) {
	u, err := url.Parse(pgtest.URL(t))
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/no_such_database"
	begun := time.Now()
	_, err = postgres.Open(t.Context(), u.String())
	if err == nil || !strings.Contains(err.Error(), "no_such_database") {
		t.Fatalf("error %v, want that there is no such database", err)
	}
	if took := time.Since(begun); took > 15*time.Second {
		t.Errorf("it took %s", took)
	}
}
