package postgres_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/internal/postgres"
	"triptych/internal/waittest"
)

// A busy backend does not notice for a while that its server is gone, and holds
// the memory of the data.
func TestARestartWaitsForBusyBackends(t *testing.T) {
	s := start(t, postgres.Options{Dir: dataFolder(t), Settings: quick})
	busy, look := connect(t, s.URL("postgres")), connect(t, s.URL("postgres"))
	ended := make(chan error)
	go func() {
		_, err := busy.Exec(t.Context(), `DO $$ BEGIN WHILE clock_timestamp() < now() + '5s' LOOP END LOOP; END $$`)
		ended <- err
	}()
	until(t, look, `SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO %' AND state = 'active'`)
	s.Kill()
	if err := s.Restart(t.Context()); err != nil {
		t.Error(err)
	}
	<-ended
}

// Whoever is there in a crash gets an error that asks to come back, and the
// same pool serves again.
func TestACrashUnderLoad(t *testing.T) {
	s := start(t, postgres.Options{Dir: dataFolder(t)})
	db, err := postgres.Open(t.Context(), s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	do(t, db, `CREATE TABLE acked (writer int, n int, PRIMARY KEY (writer, n))`)

	stop := make(chan struct{})
	results := make(chan int)
	const writers = 8
	for w := range writers {
		go func() { results <- write(t, db, w, stop) }()
	}
	for range 2 {
		time.Sleep(200 * time.Millisecond) // some load
		s.Kill()
		if err := s.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	until(t, connect(t, s.URL("postgres")), `SELECT count(*) FROM acked`)
	close(stop)
	acked := 0
	for range writers {
		acked += <-results
	}
	if n := count(t, db, `SELECT count(*) FROM acked`); n < acked || acked == 0 {
		t.Errorf("%d rows are there, %d were acknowledged", n, acked)
	}
}

// write writes rows until stop, and returns how many were acknowledged.
func write(t *testing.T, db *pgxpool.Pool, writer int, stop <-chan struct{}) (acked int) {
	for n := 0; ; n++ {
		select {
		case <-stop:
			return acked
		default:
		}
		err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), `INSERT INTO acked VALUES ($1, $2)`, writer, n)
			return err
		})
		if err == nil {
			acked++
		} else if !postgres.Unavailable(err) {
			t.Errorf("a crash looks like our own mistake: %v", err)
		}
	}
}

// until waits until a query counts something.
func until(t *testing.T, db postgres.DB, sql string) {
	t.Helper()
	waittest.Until(t, sql, func() bool { return count(t, db, sql) > 0 })
}
