package payroll

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"triptych/domain/fault"
	"triptych/domain/payroll"
	"triptych/internal/postgres/pgtest"
)

func TestPeriodsInOrder(t *testing.T) {
	db := pgtest.New(t, Schema)
	employ(t, db, hourly("ann"))
	file := payroll.Header + "\nann,1,0\n"
	refused := func(p payroll.Period, code string) {
		t.Helper()
		if _, err := tryBegin(t.Context(), db, p, strings.NewReader(file)); !fault.Is(err, code) {
			t.Errorf("%s: %v, want %s", p, err, code)
		}
	}
	october := payroll.Period{Year: 2026, Month: 10}
	r := begin(t, db, october, file)
	refused(october, "request_in_progress")
	refused(november, "request_in_progress")
	finish(t, db, r)
	refused(october, "period_closed")
	finish(t, db, begin(t, db, december, file)) // a month may be left out
	refused(november, "period_out_of_order")
	refused(december, "period_closed")
	refused(october, "period_closed")
	var f *fault.Fault
	begin(t, db, payroll.Period{Year: 2027, Month: 1}, file)
	_, err := tryBegin(t.Context(), db, payroll.Period{Year: 2027, Month: 2}, strings.NewReader(file))
	if !errors.As(err, &f) || f.RetryAfter == 0 {
		t.Errorf("while a run is under way: %+v, want advice when to try again", f)
	}
}

func TestFailedRunPaysNobodyAndCanBeRepeated(t *testing.T) {
	db := pgtest.New(t, Schema)
	employ(t, db, hourly("ann"), hourly("bob"))
	// As a newer program might have written it.
	if _, err := db.Exec(t.Context(), `UPDATE employees SET tax_code = 'S1257L' WHERE id = 'bob'`); err != nil {
		t.Fatal(err)
	}
	file := payroll.Header + "\nann,100,0\nbob,100,0\n"
	r := begin(t, db, november, file)
	cs := chunks(t, db, r, 1)
	pay(t, db, r, cs[0])
	_, err := tryPay(t.Context(), db, r, cs[1])
	if unpayable := (*UnpayableError)(nil); !errors.As(err, &unpayable) || !strings.Contains(err.Error(), "bob") {
		t.Fatalf("pay bob: %v, want that he cannot be paid", err)
	}
	if err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error { return Fail(t.Context(), tx, r.ID, at(10)) }); err != nil {
		t.Fatal(err)
	}
	failed := read(t, db, r.ID)
	if failed.Status != Failed || failed.Payslips != 0 || failed.Totals != (payroll.Totals{}) || len(payslips(t, db, r)) != 0 {
		t.Errorf("failed: %+v with %d payslips, want none", failed, len(payslips(t, db, r)))
	}
	for _, c := range chunks(t, db, r, 1) {
		if _, err := tryPay(t.Context(), db, r, c); c.First == "ann" && !errors.Is(err, ErrEnded) {
			t.Errorf("pay %s after that: %v, want %v", c.First, err, ErrEnded)
		}
	}
	if err := Complete(t.Context(), db, r.ID, at(11)); !errors.Is(err, ErrEnded) {
		t.Errorf("complete it: %v, want %v", err, ErrEnded)
	}
	employ(t, db, hourly("bob"))
	if again := finish(t, db, begin(t, db, november, file)); again.Payslips != 2 {
		t.Errorf("again: %+v, want 2 payslips", again)
	}
}

func TestUploadThatBreaksOffLeavesNothing(t *testing.T) {
	db := pgtest.New(t, Schema)
	employ(t, db, hourly("ann"))
	broken := errors.New("connection reset")
	for _, c := range []struct {
		name string
		file io.Reader
		is   func(error) bool
	}{
		{"broken off", io.MultiReader(strings.NewReader(payroll.Header+"\nann,1,0\nbob"), iotest.ErrReader(broken)), func(err error) bool { return errors.Is(err, broken) }},
		{"empty", strings.NewReader(""), func(err error) bool { return fault.Is(err, "invalid") }},
		{"another header", strings.NewReader("who,when\n"), func(err error) bool { return fault.Is(err, "invalid") }},
		{"too long", strings.NewReader(payroll.Header + strings.Repeat("\nann,1,0", payroll.MaxRows+1)), func(err error) bool { return fault.Is(err, "invalid") }},
	} {
		if _, err := tryBegin(t.Context(), db, november, c.file); !c.is(err) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	var runs, rows int
	if err := db.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM payroll_runs), (SELECT count(*) FROM payroll_rows)`).Scan(&runs, &rows); err != nil {
		t.Fatal(err)
	}
	if runs != 0 || rows != 0 {
		t.Errorf("%d runs and %d rows, want none", runs, rows)
	}
}

func TestTheDatabaseRefuses(t *testing.T) {
	db := pgtest.New(t, Schema)
	employ(t, db, hourly("ann"))
	r := finish(t, db, begin(t, db, november, payroll.Header+"\nann,100,0\n"))
	for name, c := range map[string]struct{ sql, constraint string }{
		"a second payslip": {`
			INSERT INTO payslips SELECT * FROM payslips`, "payslips_pkey"},
		"a payslip that does not add up": {`
			UPDATE payslips SET net = net + 1`, "adds_up"},
		"a payslip of somebody whom the run does not pay": {`
			INSERT INTO payslips SELECT 'bob', period, run_id, gross, tax, employee_ni, pension, net, employer_ni, tax_code, hours, overtime FROM payslips`, "payslips_run_id_employee_fkey"},
		"an illegal status": {`
			INSERT INTO payroll_runs (id, period, status, started_at, ended_at) VALUES (gen_random_uuid(), '2027-01', 'paused', now(), now())`, "payroll_runs_status_check"},
		"a period that is none": {`
			INSERT INTO payroll_runs (id, period, status, started_at) VALUES (gen_random_uuid(), '2027-13', 'running', now())`, "payroll_runs_period_check"},
		"a second completed run": {`
			INSERT INTO payroll_runs (id, period, status, started_at, ended_at) VALUES (gen_random_uuid(), '2026-11', 'completed', now(), now())`, "payroll_one_completed"},
		"a change of a completed run": {`
			UPDATE payroll_runs SET status = 'running', ended_at = NULL`, ""},
		"an employee paid in two ways": {`
			UPDATE employees SET salary = 1`, "paid_in_one_way"},
	} {
		_, err := db.Exec(t.Context(), c.sql)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.ConstraintName != c.constraint || c.constraint == "" && pg.Code != "23514" {
			t.Errorf("%s: %v, want constraint %q", name, err, c.constraint)
		}
	}
	if got := read(t, db, r.ID); got.Status != Completed {
		t.Errorf("the run is %s", got.Status)
	}
}

// Two programs that do the same chunk at once: one pays, the other writes nothing.
func TestTwoWorkersOnOneChunk(t *testing.T) {
	db := pgtest.New(t, Schema)
	employ(t, db, hourly("ann"), hourly("bob"))
	r := begin(t, db, november, payroll.Header+"\nann,100,0\nbob,100,0\n")
	c := chunks(t, db, r, 10)[0]
	results := make(chan error, 8)
	for range cap(results) {
		go func() {
			_, err := tryPay(context.WithoutCancel(t.Context()), db, r, c)
			results <- err
		}()
	}
	for range cap(results) {
		var pg *pgconn.PgError
		if err := <-results; err != nil && !(errors.As(err, &pg) && pg.ConstraintName == "payslips_pkey") {
			t.Error(err)
		}
	}
	if got := read(t, db, r.ID); got.Payslips != 2 || len(payslips(t, db, r)) != 2 {
		t.Errorf("%d payslips counted, %d there, want 2", got.Payslips, len(payslips(t, db, r)))
	}
}
