package conformance

import (
	"fmt"
	"net/http"
	"slices"
)

// payroll is section 7.
func payroll() []scenario {
	return []scenario{
		{"payroll", "takes people on, and changes their terms", takeOn},
		{"payroll", "says what is wrong with somebody's terms", wrongTerms},
		{"payroll", "lists employees by id", listEmployees},
		{"payroll", "names every bad row and pays the rest", badRows},
		{"payroll", "computes a month to the penny", firstMonth},
		{"payroll", "computes a month from the one before", secondMonth},
		{"payroll", "pays the salaried without a row, others only with one", whoIsPaid},
		{"payroll", "has totals that are the sums of the payslips", payrollSums},
		{"payroll", "keeps payslips when terms change", slipsStay},
		{"payroll", "pays a month once, and never one before", paidOnce},
		{"payroll", "answers the same run to the same key", sameRun},
		{"payroll", "refuses what is no month", noMonth},
		{"payroll", "pages through payslips", pagePayslips},
	}
}

func takeOn(t *try) {
	id := t.id("took-on")
	terms := employee{"Grace Hopper", "1257L", "A", map[string]int{"hourly": 1450}, 5}
	want := func(a *answer) {
		got := decode[struct {
			ID string
			employee
		}](a)
		equal(t, "the employee", fmt.Sprint(got.ID, got.employee), fmt.Sprint(id, terms))
	}
	want(t.put(t.manager, "/v1/employees/"+id, terms).want(http.StatusCreated))
	want(t.put(t.manager, "/v1/employees/"+id, terms).want(http.StatusOK))
	terms.Pay, terms.TaxCode, terms.NICategory, terms.PensionPercent = map[string]int{"salary": 4_200_000}, "K475X", "Z", 0
	want(t.put(t.manager, "/v1/employees/"+id, terms).want(http.StatusOK))
	for _, code := range []string{"1257M", "500N", "1T", "BR", "D0", "D1X", "0T", "NT", "K1"} {
		terms.TaxCode = code
		want(t.put(t.manager, "/v1/employees/"+id, terms).want(http.StatusOK))
	}
}

func wrongTerms(t *try) {
	path := "/v1/employees/" + t.id("wrong")
	good := employee{"n", "1257L", "A", map[string]int{"hourly": 1450}, 5}
	for _, c := range []struct {
		change  func(*employee)
		pointer string
	}{
		{func(e *employee) { e.Name = "" }, "/name"},
		{func(e *employee) { e.TaxCode = "" }, "/tax_code"},
		{func(e *employee) { e.TaxCode = "L1257" }, "/tax_code"},
		{func(e *employee) { e.TaxCode = "S1257L" }, "/tax_code"}, // Scottish rates are not ours
		{func(e *employee) { e.TaxCode = "1257l" }, "/tax_code"},
		{func(e *employee) { e.NICategory = "X" }, "/ni_category"},
		{func(e *employee) { e.NICategory = "AB" }, "/ni_category"},
		{func(e *employee) { e.PensionPercent = -1 }, "/pension_percent"},
		{func(e *employee) { e.PensionPercent = 101 }, "/pension_percent"},
		{func(e *employee) { e.Pay = map[string]int{} }, "/pay"},
		{func(e *employee) { e.Pay = map[string]int{"hourly": 1, "salary": 1} }, "/pay"},
		{func(e *employee) { e.Pay = map[string]int{"hourly": -1} }, "/pay/hourly"},
	} {
		terms := good
		c.change(&terms)
		t.put(t.manager, path, terms).invalid(c.pointer)
	}
	t.put(t.manager, "/v1/employees/Upper", good).invalid()
	t.put(t.manager, "/v1/employees/"+"a123456789012345678901234567890123", good).invalid()
	for _, e := range all[struct{ ID string }](t, t.manager, "/v1/employees?limit=100") {
		if e.ID == t.id("wrong") {
			t.errorf("%s is on the list although every attempt was refused", e.ID)
		}
	}
}

func listEmployees(t *try) {
	t.put(t.manager, "/v1/employees/"+t.id("z"), employee{"Zed", "BR", "A", map[string]int{"hourly": 1}, 0})
	t.put(t.manager, "/v1/employees/"+t.id("y"), employee{"Why", "BR", "A", map[string]int{"hourly": 1}, 0})
	var ids []string
	for _, e := range all[struct{ ID string }](t, t.manager, "/v1/employees?limit=100") {
		ids = append(ids, e.ID)
	}
	if !slices.Contains(ids, t.id("y")) || !slices.Contains(ids, t.id("z")) || !slices.IsSorted(ids) {
		t.errorf("the list is not by id, or not whole: %q", ids)
	}
}

func badRows(t *try) {
	p := t.wages()
	if p == nil {
		return
	}
	run := p.first.run
	equal(t, "period", run.Period, p.first.period)
	equal(t, "rows", run.Rows, 18)
	equal(t, "accepted", run.Accepted, 8)
	equal(t, "rejected_count", run.RejectedCount, 10)
	var got []string
	for _, r := range run.Rejected {
		got = append(got, fmt.Sprintf("%d %s %s", r.Line, r.Employee, r.Code))
	}
	if want := t.wantRejected(); !slices.Equal(got, want) {
		t.errorf("the rejected rows are %q, want %q", got, want)
	}
	for _, name := range spoilt {
		if slip, ok := p.first.slips[t.id(name)]; ok {
			t.errorf("somebody whose row is bad has a payslip: %v", slip)
		}
	}
}

func (t *try) checkSlip(m paid, name string, want wages, hours, overtime float64, code string) {
	got, ok := m.slips[t.id(name)]
	if !ok {
		t.errorf("%s has no payslip for %s", name, m.period)
		return
	}
	equal(t, "the payslip of "+name+" for "+m.period, got, payslip{t.id(name), m.period, want, code, hours, overtime})
}

// firstMonth has figures that do not depend on the month: codes with X stand
// alone, and the others have not been paid before. The thresholds of 2026-27
// are £1,048 (primary), £417 (secondary) and £4,189 (upper) a month; the basic
// rate's band is £37,700 / 12 = £3,141.67.
func firstMonth(t *try) {
	p := t.wages()
	if p == nil {
		return
	}
	m := p.first
	// 151.5 × 14.50 + 8 × 21.75 = 2196.75 + 174.00; 5 % is 118.5375.
	// 1257L is free of 2 × 416.67 + (2579 / 12, up: 214.92) = 1048.26; 2252.21 − 1048.26 = 1203.95; 20 % of 1203.
	// NI: 8 % of 2370.75 − 1048; employer 15 % of 2370.75 − 417 = 293.0625.
	t.checkSlip(m, ada, wages{237075, 24060, 10582, 11854, 190579, 29306}, 151.5, 8, "1257LX")
	// 10 × 10.06; 20 % of 100.
	t.checkSlip(m, ben, wages{10060, 2000, 0, 0, 8060, 0}, 10, 0, "BR")
	// 60000 / 12; 40 %; NI 2 % of 5000 − 1048; employer 15 % of 5000 − 417.
	t.checkSlip(m, cleo, wages{500000, 200000, 7904, 0, 292096, 68745}, 0, 0, "D0X")
	// K475 adds 4759 / 12, up: 396.59; taxable 3596, of which 3141.67 at 20 % and the rest at 40 %: 810.07, down.
	// NI 1.85 % of 3200 − 1048 = 39.812; employer 15 % of 3200 − 417.
	t.checkSlip(m, dov, wages{320000, 81006, 3981, 0, 235013, 41745}, 160, 0, "K475X")
	// 3141.67 at 20 % and 1658.33 at 40 % are 1291.67, down. NI 8 % of 4189 − 1048 and 2 % of 4800 − 4189;
	// employer nothing up to 4189, 15 % of the rest.
	t.checkSlip(m, flo, wages{480000, 129166, 26350, 0, 324484, 9165}, 160, 0, "0TX")
	// 0.5 × 10.01 = 5.005, to the even 5.00; 5 % of it.
	t.checkSlip(m, gus, wages{500, 0, 0, 25, 475, 0}, 0.5, 0, "NT")
	// 417.10 − 417 = 0.10, 15 % of which is 1.5 pence: half a penny goes down.
	t.checkSlip(m, hal, wages{41710, 0, 0, 0, 41710, 1}, 10, 0, "NT")
	// K9000 adds more than 7,500, whose tax is over a thousand: no more than half of the pay is taken.
	t.checkSlip(m, ivy, wages{10000, 5000, 0, 0, 5000, 0}, 10, 0, "K9000X")
	gross, tax := eveFirst(p.month)
	t.checkSlip(m, eve, wages{gross, tax, 0, 0, gross - tax, (gross/100 - 417) * 15}, 100, 0, "1257L")
}

// eveFirst returns eve's gross pay and tax, in pence. Code 1257L is free of
// 1048.26 for every month so far, and what is left, nearly £1,000, is in the
// basic rate's band: 20 % of it in whole pounds.
func eveFirst(month int) (gross, tax int) {
	gross = 100 * eveRate(month)
	return gross, (gross - month*104826) / 100 * 20
}

func secondMonth(t *try) {
	p := t.wages()
	if p == nil {
		return
	}
	m := p.second
	// 201.20 to date, 20 % of 201 is 40.20, of which 20.00 has been taken: a month alone would be 20.00 again.
	t.checkSlip(m, ben, wages{10060, 2020, 0, 0, 8040, 0}, 10, 0, "BR")
	// No pay this month, and another month's free pay: all of the tax comes back.
	_, tax := eveFirst(p.month)
	t.checkSlip(m, eve, wages{0, -tax, 0, 0, tax, 0}, 0, 0, "1257L")
	// On BR by now: 20 % of 2252.
	t.checkSlip(m, ada, wages{237075, 45040, 10582, 11854, 169599, 29306}, 151.5, 8, "BRX")
	t.checkSlip(m, cleo, wages{500000, 200000, 7904, 0, 292096, 68745}, 0, 0, "D0X")
	// 1.5 × 10.01 = 15.015, to the even 15.02; 5 % is 0.751.
	t.checkSlip(m, gus, wages{1502, 0, 0, 75, 1427, 0}, 1.5, 0, "NT")
}

func whoIsPaid(t *try) {
	p := t.wages()
	if p == nil {
		return
	}
	for _, m := range []paid{p.first, p.second} {
		if _, ok := m.slips[t.id(cleo)]; !ok {
			t.errorf("the salaried %s has no payslip for %s", cleo, m.period)
		}
	}
	if slip, ok := p.second.slips[t.id(dov)]; ok {
		t.errorf("somebody paid by the hour has a payslip without a row: %v", slip)
	}
	equal(t, "accepted rows", p.second.run.Accepted, 4)
	equal(t, "rejected rows", p.second.run.RejectedCount, 0)
}

func payrollSums(t *try) {
	p := t.wages()
	if p == nil {
		return
	}
	for _, m := range []paid{p.first, p.second} {
		var sum wages
		for _, s := range m.slips {
			equal(t, "what net and deductions of "+s.Employee+" add up to", s.Net+s.Tax+s.EmployeeNI+s.Pension, s.Gross)
			sum = wages{sum.Gross + s.Gross, sum.Tax + s.Tax, sum.EmployeeNI + s.EmployeeNI, sum.Pension + s.Pension, sum.Net + s.Net, sum.EmployerNI + s.EmployerNI}
		}
		equal(t, "the totals of "+m.period, m.run.Totals, sum)
		equal(t, "the number of payslips of "+m.period, m.run.Payslips, len(m.slips))
		equal(t, "the length of their list", m.listed, len(m.slips))
	}
}

func slipsStay(t *try) {
	p := t.wages()
	if p == nil {
		return
	}
	for _, s := range all[payslip](t, t.manager, "/v1/payroll/runs/"+p.first.run.ID+"/payslips?limit=100") {
		if s.Employee == t.id(ada) {
			equal(t, "the first payslip after the terms changed", s, p.first.slips[s.Employee])
		}
	}
}

func paidOnce(t *try) {
	p := t.wages()
	if p == nil {
		return
	}
	for _, m := range []paid{p.first, p.second} {
		t.startRun(m.period, m.file, t.unique("k")).refused(http.StatusConflict, "period_closed")
	}
	outOfOrder := 0
	for month := 1; month < p.month; month++ {
		a := t.startRun(period(month), t.firstFile(), t.unique("k"))
		if a.refused(http.StatusConflict, "period_closed", "period_out_of_order").Code == "period_out_of_order" {
			outOfOrder++
		}
	}
	if outOfOrder == 0 {
		t.notef("every month before has been paid, so that none was out of order")
	}
}

func sameRun(t *try) {
	p := t.wages()
	if p == nil {
		return
	}
	for _, m := range []paid{p.first, p.second} {
		a := t.startRun(m.period, m.file, m.key, wait).want(http.StatusCreated, http.StatusAccepted)
		equal(t, "Idempotency-Replayed", a.Header.Get("Idempotency-Replayed"), "true")
		equal(t, "the run", decode[payrollRun](a).ID, m.run.ID)
		t.startRun(m.period, m.file+"\n"+t.id(hal)+",1,0", m.key).refused(http.StatusUnprocessableEntity, "idempotency_key_reused")
	}
	t.startRun(p.second.period, p.first.file, p.first.key).refused(http.StatusUnprocessableEntity, "idempotency_key_reused")
	again := decode[payrollRun](t.get(t.manager, "/v1/payroll/runs/"+p.first.run.ID).want(http.StatusOK))
	equal(t, "the run after all that", fmt.Sprint(again), fmt.Sprint(p.first.run))
}

func noMonth(t *try) {
	for _, period := range []string{"", "2026", "2026-13", "2026-00", "2026-1", "26-11", "2026-11-01", "2026-11x", "november", "2026%2F11"} {
		t.startRun(period, t.firstFile(), t.unique("k")).refused(http.StatusBadRequest, "bad_parameter")
	}
	t.post(t.manager, "/v1/payroll/runs", []byte(t.firstFile()), header("Content-Type", "text/csv"), key(t.unique("k"))).
		refused(http.StatusBadRequest, "bad_parameter")
	// A tax year whose rates nobody knows yet.
	t.startRun("2099-11", t.firstFile(), t.unique("k")).invalid()
	t.get(t.manager, "/v1/payroll/runs/0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5e").refused(http.StatusNotFound, "not_found")
	t.get(t.manager, "/v1/payroll/runs/0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5e/payslips").refused(http.StatusNotFound, "not_found")
}

func pagePayslips(t *try) {
	p := t.wages()
	if p == nil {
		return
	}
	path := "/v1/payroll/runs/" + p.first.run.ID + "/payslips"
	var ids []string
	for _, s := range all[payslip](t, t.manager, path) {
		ids = append(ids, s.Employee)
		equal(t, "period", s.Period, p.first.period)
	}
	equal(t, "the length of the list", len(ids), len(p.first.slips))
	equal(t, "whether it is by employee", slices.IsSorted(ids), true)
	for _, q := range []string{"limit=0", "limit=101", "cursor=!", "unknown=1"} {
		t.get(t.manager, path+"?"+q).refused(http.StatusBadRequest, "bad_parameter")
	}
}
