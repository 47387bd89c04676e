package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"triptych/api"
	"triptych/domain/fault"
	"triptych/domain/payroll"
	"triptych/internal/rest"
	"triptych/internal/waittest"
	wages "triptych/store/payroll"
)

var _ api.Payroll = (*payday)(nil)

// longEnough is how long a test waits for what must happen.
const longEnough = 2 * time.Minute

var april = payroll.Period{Year: 2026, Month: 4}

// openPayday returns the payroll of a shop of the test's own, whose worker is
// not running, and somebody who pays.
func openPayday(t testing.TB) (*payday, api.Caller) {
	t.Helper()
	s := open(t)
	return s.payday, customer(t, s)
}

// atWork lets the worker run, until the function it returns has returned.
func atWork(t testing.TB, p *payday) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.work(ctx) }()
	return func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func employ(t testing.TB, p *payday, ids ...string) {
	t.Helper()
	for _, id := range ids {
		e := payroll.Employee{ID: id, Name: "Name of " + id, TaxCode: "1257L", NICategory: "A", Pay: payroll.Pay{Hourly: 2000}, PensionPercent: 5}
		if _, err := p.PutEmployee(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
}

func sheet(rows ...string) io.Reader {
	return strings.NewReader(payroll.Header + "\n" + strings.Join(rows, "\n") + "\n")
}

// paid runs a month to its end.
func paid(t testing.TB, p *payday, by api.Caller, period payroll.Period, rows ...string) api.Run {
	t.Helper()
	r, replayed, err := p.StartRun(t.Context(), by, uuid.NewString(), period, sheet(rows...), longEnough)
	if err != nil || replayed || r.Status != wages.Completed {
		t.Fatalf("run for %s: %+v, replayed %v, %v", period, r, replayed, err)
	}
	return r
}

func TestPayrollRun(t *testing.T) {
	p, by := openPayday(t)
	defer atWork(t, p)()
	employ(t, p, "ann", "bob", "cat")
	r := paid(t, p, by, april, "cat,1,0", "ann,300,50", "bob,-1,0", "nobody,1,1", "ann,1,1")
	if r.Rows != 5 || r.Accepted != 2 || r.RejectedCount != 3 || r.Payslips != 2 || r.Totals.Gross != 7520_00 {
		t.Errorf("got %+v", r)
	}
	first, err := p.Payslips(t.Context(), r.ID, rest.Page{Limit: 1})
	if err != nil || len(first.Items) != 1 || first.Items[0].Employee != "ann" || first.Next != "ann" {
		t.Fatalf("first page of payslips: %+v, %v", first, err)
	}
	rest2, err := p.Payslips(t.Context(), r.ID, rest.Page{Limit: 1, After: first.Next})
	if err != nil || len(rest2.Items) != 1 || rest2.Items[0].Employee != "cat" || rest2.Next != "" {
		t.Fatalf("second page of payslips: %+v, %v", rest2, err)
	}
	second := paid(t, p, by, payroll.Period{Year: 2026, Month: 5}, "ann,10,0", "bob,10,0")
	slips, err := p.Payslips(t.Context(), second.ID, rest.Page{Limit: 10})
	if err != nil || len(slips.Items) != 2 {
		t.Fatalf("payslips of the second month: %+v, %v", slips, err)
	}
	if ann, bob := slips.Items[0], slips.Items[1]; ann.Gross != bob.Gross || ann.Tax >= 0 || bob.Tax != 0 {
		t.Errorf("the same pay in May: ann, who paid in April, %v; bob %v; want a refund for ann alone", ann.Tax, bob.Tax)
	}
	if _, err := p.Run(t.Context(), newID(), 0); !fault.Is(err, "not_found") {
		t.Errorf("a run that there is not: %v", err)
	}
	if _, err := p.Payslips(t.Context(), newID(), rest.Page{Limit: 1}); !fault.Is(err, "not_found") {
		t.Errorf("payslips of a run that there is not: %v", err)
	}
}

func TestPayrollPeriods(t *testing.T) {
	p, by := openPayday(t)
	stop := atWork(t, p)
	employ(t, p, "ann")
	june := payroll.Period{Year: 2026, Month: 6}
	paid(t, p, by, june, "ann,1,0")
	refused := func(period payroll.Period, file io.Reader, code string) {
		t.Helper()
		if r, _, err := p.StartRun(t.Context(), by, uuid.NewString(), period, file, 0); !fault.Is(err, code) {
			t.Errorf("%s: %+v, %v, want %s", period, r, err, code)
		}
	}
	refused(june, sheet("ann,1,0"), "period_closed")
	refused(april, sheet("ann,1,0"), "period_out_of_order")
	refused(payroll.Period{Year: 2026, Month: 3}, sheet("ann,1,0"), "invalid")
	refused(payroll.Period{Year: 2030, Month: 1}, sheet("ann,1,0"), "invalid")
	july := payroll.Period{Year: 2026, Month: 7}
	refused(july, strings.NewReader(""), "invalid")
	refused(july, strings.NewReader("name,hours\n"), "invalid")

	stop() // so that a run keeps running
	r, _, err := p.StartRun(t.Context(), by, uuid.NewString(), july, sheet("ann,1,0"), 0)
	if err != nil || r.Status != wages.Running {
		t.Fatalf("July: %+v, %v", r, err)
	}
	_, _, err = p.StartRun(t.Context(), by, uuid.NewString(), july, sheet("ann,1,0"), 0)
	if f := fault.From(err); f == nil || f.Code != "request_in_progress" || f.RetryAfter == 0 {
		t.Errorf("while a run is running: %+v, want request_in_progress with advice when to try again", f)
	}
	defer atWork(t, p)() // and this is the process after the crash
	if r, err = p.Run(t.Context(), r.ID, longEnough); err != nil || r.Status != wages.Completed || r.Payslips != 1 {
		t.Errorf("resumed: %+v, %v", r, err)
	}
}

func TestPayrollRunIsMadeOncePerKey(t *testing.T) {
	p, by := openPayday(t)
	defer atWork(t, p)()
	employ(t, p, "ann", "bob")
	key := uuid.NewString()
	var wg sync.WaitGroup
	runs := make([]api.Run, 10)
	replays := make([]bool, len(runs))
	for i := range runs {
		wg.Go(func() {
			var err error
			runs[i], replays[i], err = p.StartRun(context.Background(), by, key, april, sheet("ann,1,0", "bob,2,0"), longEnough)
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	made := 0
	for i, r := range runs {
		if r.ID != runs[0].ID || r.Status != wages.Completed || r.Payslips != 2 {
			t.Errorf("run %d: %+v", i, r)
		}
		if !replays[i] {
			made++
		}
	}
	if made != 1 {
		t.Errorf("%d of %d made a run, want 1", made, len(runs))
	}
	for what, try := range map[string]func() error{
		"another file": func() error {
			_, _, err := p.StartRun(t.Context(), by, key, april, sheet("ann,1,0"), 0)
			return err
		},
		"another period": func() error {
			_, _, err := p.StartRun(t.Context(), by, key, payroll.Period{Year: 2026, Month: 5}, sheet("ann,1,0", "bob,2,0"), 0)
			return err
		},
	} {
		if err := try(); !fault.Is(err, "idempotency_key_reused") {
			t.Errorf("%s under the key: %v", what, err)
		}
	}
}

// The worker dies with some chunks paid and one half written; the next one
// pays the rest, nobody twice, and the sums are those of an undisturbed run.
func TestPayrollSurvivesItsWorker(t *testing.T) {
	p, by := openPayday(t)
	p.chunk, p.workers = 2, 1
	var rows []string
	for i := range 9 {
		id := fmt.Sprintf("emp-%d", i)
		employ(t, p, id)
		rows = append(rows, fmt.Sprintf("%s,%d,0", id, 100+i))
	}
	r, _, err := p.StartRun(t.Context(), by, uuid.NewString(), april, sheet(rows...), 0)
	if err != nil {
		t.Fatal(err)
	}
	// Somebody else is just writing emp-5's payslip: the third chunk has to wait.
	other, err := p.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Exec(t.Context(), `
		INSERT INTO payslips SELECT 'emp-5', '2026-04', $1, 0, 0, 0, 0, 0, 0, 'BR', 0, 0`, r.ID); err != nil {
		t.Fatal(err)
	}
	die := atWork(t, p)
	waittest.Until(t, "the worker waits in its third chunk", func() bool {
		var waiting int
		err := p.db.QueryRow(t.Context(), `
			SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock' AND query ILIKE 'copy "payslips"%'`).Scan(&waiting)
		return err == nil && waiting > 0
	})
	die()
	if err := other.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	half, err := p.Run(t.Context(), r.ID, 0)
	if err != nil || half.Status != wages.Running || half.Payslips != 4 {
		t.Fatalf("half way: %+v, %v, want 4 payslips of a running run", half, err)
	}

	defer atWork(t, p)()
	r, err = p.Run(t.Context(), r.ID, longEnough)
	if err != nil || r.Status != wages.Completed || r.Payslips != 9 {
		t.Fatalf("resumed: %+v, %v", r, err)
	}
	slips, err := p.Payslips(t.Context(), r.ID, rest.Page{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	var sum payroll.Totals
	for _, s := range slips.Items {
		sum = sum.Plus(s.Totals)
	}
	if len(slips.Items) != 9 || sum != r.Totals || sum.Gross != (9*100+36)*20_00 {
		t.Errorf("%d payslips that add up to %+v; the run says %+v", len(slips.Items), sum, r.Totals)
	}
}

func TestPayrollThatCannotBeComputedFails(t *testing.T) {
	p, by := openPayday(t)
	defer atWork(t, p)()
	employ(t, p, "ann", "bob")
	if _, err := p.db.Exec(t.Context(), `UPDATE employees SET tax_code = 'S1257L' WHERE id = 'bob'`); err != nil {
		t.Fatal(err)
	}
	r, _, err := p.StartRun(t.Context(), by, uuid.NewString(), april, sheet("ann,1,0", "bob,1,0"), longEnough)
	if err != nil || r.Status != wages.Failed || r.Payslips != 0 {
		t.Fatalf("got %+v, %v, want a failed run", r, err)
	}
	employ(t, p, "bob")
	if r = paid(t, p, by, april, "ann,1,0", "bob,1,0"); r.Payslips != 2 {
		t.Errorf("again: %+v", r)
	}
}
