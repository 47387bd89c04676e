package pgtest

import (
	"testing"
	"time"

	"triptych/internal/postgres"
)

// AwaitLock returns when a connection to the test's database waits for a lock
// that another one holds. When none does in ten seconds the test fails.
func AwaitLock(t testing.TB, db postgres.DB) {
	t.Helper()
	began := time.Now()
	for waiting := false; !waiting; time.Sleep(time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatal("nobody waits for a lock")
		}
		err := db.QueryRow(t.Context(), `
			SELECT EXISTS (SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
				WHERE NOT granted AND datname = current_database())`).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
	}
}
