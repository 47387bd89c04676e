package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"triptych/domain/fault"
)

func TestFault(t *testing.T) {
	state := func(code string) error { return &pgconn.PgError{Code: code, Message: "secret"} }
	for _, c := range []struct {
		name string
		err  error
		want fault.Kind
	}{
		{"a unique violation", state("23505"), fault.Internal},
		{"a syntax error", state("42601"), fault.Internal},
		{"no row", pgx.ErrNoRows, fault.Internal},
		{"a client that left", fmt.Errorf("query: %w", context.Canceled), fault.Internal},
		{"a connection lost by SQLSTATE", state("08006"), fault.Unavailable},
		{"a shutdown", state("57P01"), fault.Unavailable},
		{"a crash", state("57P02"), fault.Unavailable},
		{"a start", state("57P03"), fault.Unavailable},
		{"too many connections", state("53300"), fault.Unavailable},
		{"a full disk", state("53100"), fault.Unavailable},
		{"a standby", state("25006"), fault.Unavailable},
		{"a lock timeout", state("55P03"), fault.Unavailable},
		{"a statement timeout", state("57014"), fault.Unavailable},
		{"a deadline", fmt.Errorf("begin: %w", context.DeadlineExceeded), fault.Unavailable},
		{"a broken pipe", &net.OpError{Op: "write", Err: syscall.EPIPE}, fault.Unavailable},
		{"a cut answer", fmt.Errorf("commit: %w", io.ErrUnexpectedEOF), fault.Unavailable},
		{"a refused connection", &pgconn.ConnectError{}, fault.Unavailable},
		{"a closed connection", fmt.Errorf("x: %w", pgconn.ErrConnClosed), fault.Unavailable},
		{"a text that cannot be stored", state("22021"), fault.Malformed},
		{"a fault", fault.New(fault.Conflict, "order_shipped", "too late"), fault.Conflict},
		{"a fault beside a lost connection", errors.Join(fault.New(fault.NotFound, "not_found", "none"), io.EOF), fault.NotFound},
	} {
		err := Fault(c.err)
		if got := fault.From(err).Kind; got != c.want {
			t.Errorf("%s: kind %d, want %d", c.name, got, c.want)
		}
		if !errors.Is(err, c.err) {
			t.Errorf("%s: the cause is lost", c.name)
		}
		if got, want := LockTimeout(c.err), c.name == "a lock timeout"; got != want {
			t.Errorf("%s: lock timeout %v, want %v", c.name, got, want)
		}
	}
	if Fault(nil) != nil {
		t.Error("nil became a fault")
	}
}

func TestSummary(t *testing.T) {
	for sql, want := range map[string]string{
		"\n\tSELECT sku, price\n\tFROM products\n\tWHERE sku = $1": "SELECT products",
		"select count(*) from orders;":                             "SELECT orders",
		"INSERT INTO ledger_entries(id) VALUES ($1)":               "INSERT ledger_entries",
		"UPDATE stock SET on_hand = on_hand - $1":                  "UPDATE stock",
		"DELETE FROM \"cart lines\"":                               "DELETE cart",
		"SELECT 1":                                                 "SELECT",
		"commit":                                                   "COMMIT",
		"SELECT x FROM (SELECT y FROM inner_table) AS sub":         "SELECT inner_table",
		"WITH taken AS (UPDATE stock SET n = 1 RETURNING sku) SELECT FROM taken":                       "UPDATE stock",
		"WITH w AS (SELECT a FROM unnest($1) FOR UPDATE OF s), t AS (UPDATE stock SET n = 1) SELECT 1": "UPDATE stock",
		"WITH o AS (INSERT INTO orders (id) VALUES ($1)) INSERT INTO lines SELECT 1":                   "INSERT orders",
		"INSERT INTO keys (k) VALUES ($1) ON CONFLICT (k) DO UPDATE SET n = 1":                         "INSERT keys",
		"WITH n AS (SELECT 1) SELECT 2":                                                                "WITH",
		"PREPARE \n\tSELECT x FROM y":                                                                  "PREPARE SELECT y",
		"":                                                                                             "query",
		"update t":                                                                                     "UPDATE t",
	} {
		name := remembered(summary)
		for range 2 {
			if got := name(sql); got != want {
				t.Errorf("summary(%q) = %q, want %q", sql, got, want)
			}
		}
	}
}

func BenchmarkSummary(b *testing.B) {
	for length, sql := range map[string]string{
		"short": "\n\tUPDATE products SET stock = stock - $2\n\tWHERE sku = $1 AND stock >= $2\n\tRETURNING price",
		"long":  "WITH wanted AS (SELECT " + strings.Repeat("a.column_of_some_length, ", 50) + "1) SELECT 1",
	} {
		name := remembered(summary)
		b.Run(length, func(b *testing.B) {
			for b.Loop() {
				name(sql)
			}
		})
	}
}
