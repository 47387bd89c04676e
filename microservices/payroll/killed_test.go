package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"triptych/internal/authority"
	"triptych/internal/child"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/outbox"
	"triptych/internal/waittest"
)

// TestMain makes this binary the service, for the test that kills it.
func TestMain(m *testing.M) {
	if os.Getenv("PAYROLL_SERVICE") != "" {
		main()
	}
	os.Exit(m.Run())
}

// takeover is how long a dead worker's share may lie about. Brokers notice after
// six seconds; the rest is for a machine that is busy with other tests.
const takeover = 15 * time.Second

// A service dies in the middle of its chunks, with others of its kind at work.
// They take over its share, and nobody is paid twice.
func TestAServiceIsKilled(t *testing.T) {
	p, c := open(t)
	database := p.db.Config().ConnString()
	brokers := strings.Join(kafkatest.New(t).ListenAddrs(), ",")
	relay := outbox.NewRelay(p.db, openLog(t, brokers, p.topic))
	waittest.Beside(t, relay.Run)
	p.chunk = 2 // so many that no partition is without
	r := started(t, c, "2026-04", staff(t, c, 120))
	release := block(t, p, r.Id, 120)

	victim := startService(t, database, brokers)
	waittest.Until(t, "both of its workers wait with a chunk", func() bool { return blocked(t, p) == 2 })
	startService(t, database, brokers)
	waittest.Until(t, "those of another do too", func() bool { return blocked(t, p) == 4 })
	victim.Kill()
	killed := time.Now()
	release()
	ended(t, c, r.Id)
	checkPaid(t, c, r.Id, 120)
	var end time.Time
	if err := p.db.QueryRow(t.Context(), `SELECT ended_at FROM payroll_runs`).Scan(&end); err != nil {
		t.Fatal(err)
	}
	took := end.Sub(killed).Round(time.Millisecond)
	t.Logf("the run had ended %v after the kill", took)
	if took > takeover {
		t.Errorf("the dead service's share was taken over after %v, want %v at most", took, takeover)
	}
}

// block holds up every chunk of a run that pays a staff of n, until release.
func block(t *testing.T, p *server, run string, n int) (release func()) {
	t.Helper()
	// Not of the pool, whose connections may not be idle in a transaction for so long.
	conn, err := pgx.Connect(t.Context(), p.db.Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.Background()) })
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if _, err := tx.Exec(t.Context(), `
			INSERT INTO payslips VALUES ($1, '2026-04', $2, 0, 0, 0, 0, 0, 0, 'BR', 0, 0)`, fmt.Sprintf("emp-%03d", i), run); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// blocked counts the workers that are held up, by block or, having been given
// the chunk of one that is, by that.
func blocked(t *testing.T, p *server) (n int) {
	t.Helper()
	err := p.db.QueryRow(t.Context(), `
		SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// startService starts the service as a program of its own.
func startService(t *testing.T, database, brokers string) *child.Process {
	t.Helper()
	a, err := authority.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := a.Issue(dir, "payroll"); err != nil {
		t.Fatal(err)
	}
	database += "&lock_timeout=1min&statement_timeout=1min" // whoever is held up stays so
	var out strings.Builder
	cmd := exec.Command(os.Args[0])
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.Env = append(os.Environ(), "PAYROLL_SERVICE=yes", "GRPC_ADDR=127.0.0.1:0", "TLS_DIR="+dir, "DATABASE_URL="+database, "KAFKA_BROKERS="+brokers)
	service, err := child.Start(cmd, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		service.Kill()
		if t.Failed() {
			t.Logf("a service said:\n%s", out.String())
		}
	})
	return service
}
