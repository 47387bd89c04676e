package payroll

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/payroll"
)

var (
	november = payroll.Period{Year: 2026, Month: 11}
	december = payroll.Period{Year: 2026, Month: 12}
)

func at(hour int) time.Time { return time.Date(2026, 12, 1, hour, 0, 0, 0, time.UTC) }

func hourly(id string) payroll.Employee {
	return payroll.Employee{ID: id, Name: "Name of " + id, TaxCode: "1257L", NICategory: "A", Pay: payroll.Pay{Hourly: 2000}, PensionPercent: 5}
}

func salaried(id string) payroll.Employee {
	e := hourly(id)
	e.Pay = payroll.Pay{Salary: 48_000_00}
	return e
}

// employ stores employees.
func employ(t testing.TB, db *pgxpool.Pool, employees ...payroll.Employee) {
	t.Helper()
	for _, e := range employees {
		if _, err := PutEmployee(t.Context(), db, e); err != nil {
			t.Fatal(err)
		}
	}
}

// begin uploads a file for a period and returns the run, which is running.
func begin(t testing.TB, db *pgxpool.Pool, p payroll.Period, file string) Run {
	t.Helper()
	id, err := tryBegin(t.Context(), db, p, strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return read(t, db, id)
}

func tryBegin(ctx context.Context, db *pgxpool.Pool, p payroll.Period, file io.Reader) (uuid.UUID, error) {
	id := uuid.Must(uuid.NewV7())
	return id, pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		sheet, err := payroll.ReadTimesheet(file)
		if err != nil {
			return err
		}
		if err := Upload(ctx, tx, sheet); err != nil {
			return err
		}
		if err := Begin(ctx, tx, id, p, at(9)); err != nil {
			return err
		}
		return Accept(ctx, tx, id)
	})
}

func read(t testing.TB, db *pgxpool.Pool, id uuid.UUID) Run {
	t.Helper()
	r, ok, err := Find(t.Context(), db, id)
	if err != nil || !ok {
		t.Fatalf("find run: %v, %v", ok, err)
	}
	return r
}

// pay pays a chunk in a transaction of its own.
func pay(t testing.TB, db *pgxpool.Pool, r Run, c Chunk) int {
	t.Helper()
	n, err := tryPay(t.Context(), db, r, c)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func tryPay(ctx context.Context, db *pgxpool.Pool, r Run, c Chunk) (n int, err error) {
	rates, err := payroll.RatesFor(r.Period)
	if err != nil {
		return 0, err
	}
	err = pgx.BeginFunc(ctx, db, func(tx pgx.Tx) error {
		n, err = Pay(ctx, tx, r, rates, c)
		return err
	})
	return n, err
}

func chunks(t testing.TB, db *pgxpool.Pool, r Run, size int) []Chunk {
	t.Helper()
	cs, err := Chunks(t.Context(), db, r.ID, size)
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

// finish pays what is left of a run and completes it.
func finish(t testing.TB, db *pgxpool.Pool, r Run) Run {
	t.Helper()
	for _, c := range chunks(t, db, r, 2) {
		pay(t, db, r, c)
	}
	if err := Complete(t.Context(), db, r.ID, at(10)); err != nil {
		t.Fatal(err)
	}
	return read(t, db, r.ID)
}

func payslips(t testing.TB, db *pgxpool.Pool, r Run) []payroll.Payslip {
	t.Helper()
	slips, err := Payslips(t.Context(), db, r, "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return slips
}
