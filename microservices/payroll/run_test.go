package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/testing/protocmp"

	"triptych/domain/fault"
	payrollv1 "triptych/proto/payroll/v1"
	wages "triptych/store/payroll"
)

func TestEmployees(t *testing.T) {
	_, c := open(t)
	ann := &payrollv1.Employee{Id: "ann", Name: "Ann", TaxCode: "1257L", NiCategory: "A", Hourly: 2000, PensionPercent: 5}
	bob := &payrollv1.Employee{Id: "bob", Name: "Bob", TaxCode: "BR", NiCategory: "M", Salary: 48_000_00}
	for _, e := range []*payrollv1.Employee{bob, ann} {
		if r, err := c.PutEmployee(t.Context(), e); err != nil || !r.Created {
			t.Fatalf("%s: %v, %v, want created", e.Id, r, err)
		}
	}
	bob.Name = "Robert"
	if r, err := c.PutEmployee(t.Context(), bob); err != nil || r.Created {
		t.Errorf("again: %v, %v, want not created", r, err)
	}
	list, err := c.ListEmployees(t.Context(), &payrollv1.ListEmployeesRequest{Limit: 5})
	if diff := cmp.Diff([]*payrollv1.Employee{ann, bob}, list.GetEmployees(), protocmp.Transform()); err != nil || diff != "" {
		t.Errorf("listed (-want +got): %v\n%s", err, diff)
	}
	list, err = c.ListEmployees(t.Context(), &payrollv1.ListEmployeesRequest{After: "ann", Limit: 5})
	if err != nil || len(list.Employees) != 1 || list.Employees[0].Id != "bob" {
		t.Errorf("after ann: %v, %v, want bob", list, err)
	}
	if _, err := c.ListEmployees(t.Context(), &payrollv1.ListEmployeesRequest{}); !fault.Is(err, "invalid") {
		t.Errorf("without a limit: %v", err)
	}
	if _, err := c.PutEmployee(t.Context(), &payrollv1.Employee{Id: "Eve"}); !fault.Is(err, "invalid") {
		t.Errorf("an employee that breaks the rules: %v", err)
	}
}

func TestARun(t *testing.T) {
	p, c := open(t)
	employ(t, c, "ann", "bob", "cat")
	r := started(t, c, "2026-04", sheet("cat,1,0", "ann,300,50", "bob,-1,0", "nobody,1,1", "ann,1,1"))
	if r.Status != wages.Running || r.Rows != 5 || r.Accepted != 2 || r.RejectedCount != 3 || len(r.Rejected) != 3 || r.Payslips != 0 {
		t.Errorf("begun: %v", r)
	}
	handle(t, p, due(t, p)...)
	got := get(t, c, r.Id)
	if got.Status != wages.Completed || got.Payslips != 2 || got.Totals.Gross != 7520_00 {
		t.Errorf("ended: %v", got)
	}
	page, err := c.ListPayslips(t.Context(), &payrollv1.ListPayslipsRequest{RunId: r.Id, After: "ann", Limit: 5})
	want := &payrollv1.Payslip{Employee: "cat", Period: "2026-04", TaxCode: "1257L", Hours: 100, Totals: &payrollv1.Totals{Gross: 2000, Pension: 100, Net: 1900}}
	if err != nil || len(page.Payslips) != 1 {
		t.Fatalf("payslips after ann: %v, %v, want one", page, err)
	}
	if diff := cmp.Diff(want, page.Payslips[0], protocmp.Transform()); diff != "" {
		t.Errorf("cat's payslip (-want +got):\n%s", diff)
	}
}

func TestARunThatThereIsNot(t *testing.T) {
	_, c := open(t)
	for id, code := range map[string]string{uuid.NewString(): "not_found", "": "invalid", "none": "invalid"} {
		if _, err := c.GetRun(t.Context(), &payrollv1.RunRequest{Id: id}); !fault.Is(err, code) {
			t.Errorf("get %q: %v", id, err)
		}
		if _, err := c.ListPayslips(t.Context(), &payrollv1.ListPayslipsRequest{RunId: id, Limit: 1}); !fault.Is(err, code) {
			t.Errorf("payslips of %q: %v", id, err)
		}
		stream, err := c.WatchRun(t.Context(), &payrollv1.RunRequest{Id: id})
		if err == nil {
			_, err = stream.Recv()
		}
		if !fault.Is(err, code) {
			t.Errorf("watch %q: %v", id, err)
		}
	}
}

func TestPeriods(t *testing.T) {
	p, c := open(t)
	employ(t, c, "ann")
	started(t, c, "2026-06", sheet("ann,1,0"))
	june := due(t, p)
	refused := func(period, file, code string) {
		t.Helper()
		if r, err := start(t.Context(), c, uuid.NewString(), period, file); !fault.Is(err, code) {
			t.Errorf("%s: %v, %v, want %s", period, r, err, code)
		}
	}
	refused("2026-07", sheet("ann,1,0"), "request_in_progress") // one run at a time
	handle(t, p, june...)
	refused("2026-06", sheet("ann,1,0"), "period_closed")
	refused("2026-04", sheet("ann,1,0"), "period_out_of_order")
	refused("2026-03", sheet("ann,1,0"), "invalid") // no rates
	refused("2026-7", sheet("ann,1,0"), "bad_parameter")
	refused("2026-07", "", "invalid")
	refused("2026-07", "name,hours\n", "invalid")
	if n := len(due(t, p)); n != len(june) {
		t.Errorf("%d chunks are due, want %d: those that were refused are none", n, len(june))
	}
}

func TestNobodyToPayIsARunThatHasEnded(t *testing.T) {
	p, c := open(t)
	r := started(t, c, "2026-04", sheet("nobody,1,0"))
	if r.Status != wages.Completed || r.RejectedCount != 1 || len(due(t, p)) != 0 {
		t.Errorf("%v with %d chunks, want a completed run without any", r, len(due(t, p)))
	}
}
