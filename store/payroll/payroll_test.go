package payroll

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/fault"
	"triptych/domain/payroll"
	"triptych/internal/postgres/pgtest"
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

func TestEmployees(t *testing.T) {
	db := pgtest.New(t, Schema)
	for _, id := range []string{"b", "c-1", "a"} {
		if created, err := PutEmployee(t.Context(), db, hourly(id)); err != nil || !created {
			t.Fatalf("first put of %s: created %v, %v", id, created, err)
		}
	}
	changed := salaried("b")
	if created, err := PutEmployee(t.Context(), db, changed); err != nil || created {
		t.Fatalf("second put: created %v, %v", created, err)
	}
	got, err := Employees(t.Context(), db, "", 2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]payroll.Employee{hourly("a"), changed}, got); diff != "" {
		t.Errorf("first page (-want +got):\n%s", diff)
	}
	if got, err = Employees(t.Context(), db, "b", 2); err != nil || len(got) != 1 || got[0].ID != "c-1" {
		t.Errorf("second page: %v, %v, want c-1", got, err)
	}
}

func TestRunNamesBadRowsAndPaysTheRest(t *testing.T) {
	db := pgtest.New(t, Schema)
	employ(t, db, hourly("ann"), hourly("bob"), hourly("cat"), hourly("idle"), salaried("sal"), salaried("sam"))
	r := begin(t, db, november, payroll.Header+"\n"+
		"bob,100,10\n"+
		"ann,many,0\n"+ // bad, so the next one of ann is her first
		"ann,150.5,0\n"+
		"bob,1,1\n"+
		"nobody,1,0\n"+
		"nobody,1,0\n"+
		"ann\n"+
		"sam,7,0\n"+
		"bob,2,2\n"+
		"cat,0,0\n")
	want := []payroll.Rejection{
		{Line: 3, Employee: "ann", Code: "bad_hours", Detail: `hours: "many" is not a number`},
		{Line: 5, Employee: "bob", Code: "duplicate_employee", Detail: "bob has a row already"},
		{Line: 6, Employee: "nobody", Code: "unknown_employee", Detail: "there is no employee nobody"},
		{Line: 7, Employee: "nobody", Code: "unknown_employee", Detail: "there is no employee nobody"},
		{Line: 8, Employee: "ann", Code: "bad_row", Detail: "a row has three fields: " + payroll.Header},
		{Line: 10, Employee: "bob", Code: "duplicate_employee", Detail: "bob has a row already"},
	}
	if diff := cmp.Diff(want, r.Rejected); diff != "" {
		t.Errorf("rejected (-want +got):\n%s", diff)
	}
	if r.Status != Running || r.Rows != 10 || r.Accepted != 4 || r.RejectedCount != 6 || r.Payslips != 0 {
		t.Errorf("begun: %+v", r)
	}
	r = finish(t, db, r)
	if r.Status != Completed || r.Payslips != 5 {
		t.Errorf("completed: %+v, want 5 payslips", r)
	}
	slips := payslips(t, db, r)
	var who []string
	var sum payroll.Totals
	for _, s := range slips {
		who = append(who, fmt.Sprintf("%s %s+%s %v", s.Employee, s.Hours, s.Overtime, s.Gross))
		sum = sum.Plus(s.Totals)
	}
	if diff := cmp.Diff([]string{"ann 150.5+0 £3010.00", "bob 100+10 £2300.00", "cat 0+0 £0.00", "sal 0+0 £4000.00", "sam 0+0 £4000.00"}, who); diff != "" {
		t.Errorf("paid (-want +got):\n%s", diff)
	}
	if sum != r.Totals {
		t.Errorf("totals %+v, payslips add up to %+v", r.Totals, sum)
	}
}

func TestManyRejectionsAreCountedAndSomeShown(t *testing.T) {
	db := pgtest.New(t, Schema)
	r := begin(t, db, november, payroll.Header+strings.Repeat("\nnobody,1,0", 1500))
	if r.Rows != 1500 || r.RejectedCount != 1500 || len(r.Rejected) != 1000 || r.Rejected[999].Line != 1001 {
		t.Errorf("%d rows, %d rejected, %d shown", r.Rows, r.RejectedCount, len(r.Rejected))
	}
}

func TestSecondMonthDependsOnTheFirst(t *testing.T) {
	db := pgtest.New(t, Schema)
	april, may := payroll.Period{Year: 2026, Month: 4}, payroll.Period{Year: 2026, Month: 5}
	ann, bob := hourly("ann"), hourly("bob")
	employ(t, db, ann, bob)
	rates, err := payroll.RatesFor(april)
	if err != nil {
		t.Fatal(err)
	}
	finish(t, db, begin(t, db, april, payroll.Header+"\nann,300,50\n"))
	second := finish(t, db, begin(t, db, may, payroll.Header+"\nann,10,0\nbob,10,0\n"))
	first, err := payroll.Compute(rates, april, ann, payroll.Row{Employee: "ann", Hours: 300_00, Overtime: 50_00}, payroll.ToDate{})
	if err != nil {
		t.Fatal(err)
	}
	row := payroll.Row{Hours: 10_00}
	ofAnn, err := payroll.Compute(rates, may, ann, row, payroll.ToDate{Pay: first.Gross - first.Pension, Tax: first.Tax})
	if err != nil {
		t.Fatal(err)
	}
	ofBob, err := payroll.Compute(rates, may, bob, row, payroll.ToDate{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]payroll.Payslip{ofAnn, ofBob}, payslips(t, db, second)); diff != "" {
		t.Errorf("payslips of May (-want +got):\n%s", diff)
	}
	if ofAnn.Tax >= 0 || ofBob.Tax != 0 {
		t.Errorf("ann's tax %v, bob's %v: the example should give ann a refund", ofAnn.Tax, ofBob.Tax)
	}
}

// A new tax year knows nothing of the old one. There are no rates after
// 2026-27 yet, so the older payslips are made by hand.
func TestYearToDateEndsWithTheTaxYear(t *testing.T) {
	db := pgtest.New(t, Schema)
	employ(t, db, hourly("ann"))
	march := payroll.Period{Year: 2026, Month: 3}
	old := begin(t, db, march, payroll.Header+"\nann,300,0\n")
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		slip := payroll.Payslip{Employee: "ann", Period: march, TaxCode: "1257L", Totals: payroll.Totals{Gross: 6000_00, Tax: 2000_00, Net: 4000_00}}
		if err := insert(t.Context(), tx, old.ID, []payroll.Payslip{slip}); err != nil {
			return err
		}
		return add(t.Context(), tx, old.ID, 1, slip.Totals)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := Complete(t.Context(), db, old.ID, at(1)); err != nil {
		t.Fatal(err)
	}
	r := finish(t, db, begin(t, db, payroll.Period{Year: 2026, Month: 4}, payroll.Header+"\nann,1,0\n"))
	if slips := payslips(t, db, r); len(slips) != 1 || slips[0].Tax != 0 {
		t.Errorf("April's payslips %+v, want one without tax or refund", slips)
	}
}

func TestAWorkerThatDiesHalfWayPaysNobodyTwice(t *testing.T) {
	db := pgtest.New(t, Schema)
	file := payroll.Header
	for i := range 10 {
		employ(t, db, hourly(fmt.Sprintf("emp-%d", i)))
		file += fmt.Sprintf("\nemp-%d,%d,1", i, 100+i)
	}
	whole := finish(t, db, begin(t, db, november, file))
	r := begin(t, db, december, file)
	cs := chunks(t, db, r, 3)
	if len(cs) != 4 || cs[0] != (Chunk{"emp-0", "emp-2"}) || cs[3] != (Chunk{"emp-9", "emp-9"}) {
		t.Fatalf("chunks %v", cs)
	}
	if n := pay(t, db, r, cs[1]); n != 3 {
		t.Fatalf("paid %d of the chunk, want 3", n)
	}
	// Here it dies in the middle of a chunk, with its payslips written and not committed.
	dies := errors.New("dies")
	rates, err := payroll.RatesFor(r.Period)
	if err != nil {
		t.Fatal(err)
	}
	err = pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		if n, err := Pay(t.Context(), tx, r, rates, cs[0]); err != nil || n != 3 {
			t.Errorf("paid %d, %v", n, err)
		}
		return dies
	})
	if !errors.Is(err, dies) {
		t.Fatal(err)
	}
	if half := read(t, db, r.ID); half.Payslips != 3 || len(payslips(t, db, r)) != 3 {
		t.Errorf("after the death %d payslips counted, %d there, want 3", half.Payslips, len(payslips(t, db, r)))
	}
	if err := Complete(t.Context(), db, r.ID, at(10)); err == nil {
		t.Error("a run with payslips missing was completed")
	}

	// Another takes over, with other chunks.
	running, ok, err := FindRunning(t.Context(), db)
	if err != nil || !ok || running.ID != r.ID {
		t.Fatalf("running: %v, %v, %v", running.ID, ok, err)
	}
	r = finish(t, db, running)
	slips := payslips(t, db, r)
	var sum payroll.Totals
	for _, s := range slips {
		sum = sum.Plus(s.Totals)
	}
	if len(slips) != 10 || r.Payslips != 10 || sum != r.Totals || sum.Gross != whole.Totals.Gross {
		t.Errorf("%d payslips, %d counted, totals %+v, sum %+v", len(slips), r.Payslips, r.Totals, sum)
	}
	if _, ok, err := FindRunning(t.Context(), db); ok || err != nil {
		t.Errorf("a run is still running: %v", err)
	}
}

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
