package payroll

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"triptych/domain/payroll"
	"triptych/internal/postgres/pgtest"
)

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
	rows := []string{payroll.Header}
	for i := range 10 {
		employ(t, db, hourly(fmt.Sprintf("emp-%d", i)))
		rows = append(rows, fmt.Sprintf("emp-%d,%d,1", i, 100+i))
	}
	file := strings.Join(rows, "\n")
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
	if err := Complete(t.Context(), db, r.ID, at(10)); !errors.Is(err, ErrUnpaid) {
		t.Errorf("complete a run with payslips missing: %v, want %v", err, ErrUnpaid)
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
