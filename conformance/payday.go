package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// A payday is two months of wages, run once for all cases that look at them,
// because a month can be paid only once and a tax year has twelve.
type payday struct {
	broken bool // it did not come about
	month  int  // of the first, in the tax year; the second is the one after
	first  paid
	second paid
}

// A paid is a month that was run.
type paid struct {
	period, file, key string
	run               payrollRun
	slips             map[string]payslip // by employee
	listed            int                // payslips in the list
}

// The employees of a payday, by what they are there to show. Their ids are
// these names behind a prefix of the suite's own.
const (
	ada    = "a-usual"
	ben    = "b-basic-rate"
	cleo   = "c-salaried"
	dov    = "d-k-code"
	eve    = "e-refund"
	flo    = "f-apprentice"
	gus    = "g-half-even"
	hal    = "h-half-down"
	ivy    = "i-half-pay"
	nobody = "m-no-such-person"
)

// spoilt are employees whose only row is bad.
var spoilt = []string{"x-1", "x-2", "x-3", "x-4", "x-5", "x-6", "x-7"}

// staff are their terms. That of eve, which is cumulative, depends on the month.
func staff(month int) map[string]employee {
	hourly := func(pence int) map[string]int { return map[string]int{"hourly": pence} }
	people := map[string]employee{
		ada:  {"Ada", "1257LX", "A", hourly(1450), 5},
		ben:  {"Ben", "BR", "C", hourly(1006), 0},
		cleo: {"Cleo", "D0X", "J", map[string]int{"salary": 6_000_000}, 0},
		dov:  {"Dov", "K475X", "B", hourly(2000), 0},
		eve:  {"Eve", "1257L", "C", hourly(eveRate(month)), 0},
		flo:  {"Flo", "0TX", "H", hourly(3000), 0},
		gus:  {"Gus", "NT", "Z", hourly(1001), 5},
		hal:  {"Hal", "NT", "A", hourly(4171), 0},
		ivy:  {"Ivy", "K9000X", "C", hourly(1000), 0},
	}
	for _, name := range spoilt {
		people[name] = employee{"Spoilt", "BR", "A", hourly(1000), 0}
	}
	return people
}

// eveRate makes a hundred hours of eve's worth about £1,000 more than the free
// pay of all months up to this one.
func eveRate(month int) int { return 1048*month + 1000 }

// id is an employee's id in this suite.
func (s *suite) id(name string) string { return "cf-" + s.tag + "-" + name }

// wages returns the payday, which the first caller brings about. It is nil
// when the shop has paid the whole tax year, which ends what can be proved.
func (t *try) wages() *payday {
	if t.payday == nil {
		t.payday = &payday{broken: true} // until it has come to its end
		t.payFirst(t.payday)
		if t.payday.month > 0 {
			t.paySecond(t.payday)
		}
		t.payday.broken = false
	}
	switch {
	case t.payday.broken:
		t.fatalf("the two months that this looks at could not be run")
	case t.payday.month == 0:
		t.notef("every month of 2026-27 is paid in this shop: nothing to see here until it starts with an empty database")
		return nil
	}
	return t.payday
}

// period names a month of the tax year 2026-27; month 1 is April.
func period(month int) string { return fmt.Sprintf("%d-%02d", 2026+(month+2)/12, (month+2)%12+1) }

// payFirst runs the first month that can still be paid. It leaves April alone,
// so that there is a month before the newest that was never run.
func (t *try) payFirst(p *payday) {
	for month := 2; month < 12; month++ {
		for name, terms := range staff(month) {
			if month == 2 || name == eve {
				t.put(t.manager, "/v1/employees/"+t.id(name), terms).want(http.StatusOK, http.StatusCreated)
			}
		}
		p.first = paid{period: period(month), file: t.firstFile(), key: t.unique("k")}
		a := t.startRun(p.first.period, p.first.file, p.first.key, wait)
		if a.Status == http.StatusConflict {
			a.refused(http.StatusConflict, "period_closed", "period_out_of_order")
			continue
		}
		t.finish(&p.first, a)
		p.month = month
		return
	}
}

// startRun posts a timesheet.
func (t *try) startRun(period, file, k string, opts ...option) *answer {
	opts = append([]option{header("Content-Type", "text/csv"), key(k)}, opts...)
	return t.post(t.manager, "/v1/payroll/runs?period="+period, []byte(file), opts...)
}

// finish waits for a run and reads its payslips.
func (t *try) finish(m *paid, a *answer) {
	a.want(http.StatusCreated, http.StatusAccepted)
	m.run = decode[payrollRun](a)
	equal(t, "Location", a.Header.Get("Location"), "/v1/payroll/runs/"+m.run.ID)
	t.eventually("the run of "+m.period+" is over", func() bool {
		m.run = decode[payrollRun](t.get(t.manager, "/v1/payroll/runs/"+m.run.ID, wait).want(http.StatusOK))
		return m.run.Status != "running"
	})
	if m.run.Status != "completed" {
		t.fatalf("the run of %s is %s", m.period, m.run.Status)
	}
	m.slips = map[string]payslip{}
	for _, s := range all[payslip](t, t.manager, "/v1/payroll/runs/"+m.run.ID+"/payslips?limit=100") {
		m.slips[s.Employee] = s
		m.listed++
	}
}

// firstFile has a good row for those who are paid by the hour, and every kind
// of bad row.
func (t *try) firstFile() string {
	rows := []string{
		"employee,hours,overtime_hours",
		t.id(ada) + ",151.5,8",
		t.id(ben) + ",10,0",
		t.id(dov) + ",160,0",
		t.id(eve) + ",100,0",
		t.id(flo) + ",160.00,0.0",
		t.id(gus) + ",0.5,0",
		t.id(hal) + ",10,0",
		t.id(ivy) + ",10,0",
		t.id(nobody) + ",10,0",     // line 10: unknown_employee
		t.id(ben) + ",99,0",        // duplicate_employee
		t.id(spoilt[0]) + ",ten,0", // bad_hours, up to line 17
		t.id(spoilt[1]) + ",-1,0",
		t.id(spoilt[2]) + ",320.01,0",
		t.id(spoilt[3]) + ",10,321",
		t.id(spoilt[4]) + ",7.505,0",
		t.id(spoilt[5]) + ",1e1,0",
		t.id(spoilt[6]) + ",10",    // bad_row
		t.id(spoilt[6]) + ",1,2,3", // bad_row
	}
	return strings.Join(rows, "\n") + "\n"
}

// wantRejected are the bad rows of the first file.
func (t *try) wantRejected() []string {
	want := []string{
		"10 " + t.id(nobody) + " unknown_employee",
		"11 " + t.id(ben) + " duplicate_employee",
	}
	for i := range 6 {
		want = append(want, fmt.Sprintf("%d %s bad_hours", 12+i, t.id(spoilt[i])))
	}
	return append(want, "18 "+t.id(spoilt[6])+" bad_row", "19 "+t.id(spoilt[6])+" bad_row")
}

// secondFile has the rows the other way round, lines that end as in Windows,
// and no end of the last one.
func (t *try) secondFile() string {
	rows := []string{t.id(ada) + ",151.5,8", t.id(ben) + ",10,0", t.id(eve) + ",0,0", t.id(gus) + ",1.5,0"}
	slices.Reverse(rows)
	return "employee,hours,overtime_hours\r\n" + strings.Join(rows, "\r\n")
}

// paySecond sends what must be refused for the next month first. That the
// month can be run afterwards shows that none of it made a run. Then several
// managers at once run it.
func (t *try) paySecond(p *payday) {
	p.second = paid{period: period(p.month + 1), file: t.secondFile()}
	t.refusedFiles(p.second.period)
	changed := staff(p.month)[ada]
	changed.TaxCode = "BRX"
	t.put(t.manager, "/v1/employees/"+t.id(ada), changed).want(http.StatusOK)
	const runners = 4
	answers, keys := make([]*answer, runners), make([]string, runners)
	t.together(runners, func(i int) {
		keys[i] = t.unique("k")
		answers[i] = t.startRun(p.second.period, p.second.file, keys[i], wait).want(http.StatusCreated, http.StatusAccepted, http.StatusConflict)
	})
	runs := 0
	for i, a := range answers {
		if a.Status == http.StatusConflict {
			a.refused(http.StatusConflict, "period_closed", "request_in_progress")
			continue
		}
		runs++
		p.second.key = keys[i]
		t.finish(&p.second, a)
	}
	equal(t, "how many of several runs at once for a month were taken", runs, 1)
}

// refusedFiles are no timesheets.
func (t *try) refusedFiles(period string) {
	for _, file := range []string{
		"", "\n", "employee,hours\n", "employee;hours;overtime_hours\n", "Employee,Hours,Overtime_Hours\n", t.id(ada) + ",10,0\n",
		"hours,employee,overtime_hours\n10," + t.id(ada) + ",0\n", "\x00\xff\x00",
	} {
		t.startRun(period, file, t.unique("k")).invalid()
	}
	t.startRun(period, t.firstFile()+strings.Repeat("x,1,0\n", 100_000), t.unique("k")).invalid()
	// Long lines: of short ones there would be too many before there are too many bytes.
	over := t.firstFile() + strings.Repeat(strings.Repeat("x", 1000)+",1,0\n", 8<<20/1000)
	t.startRun(period, over, t.unique("k")).refused(http.StatusRequestEntityTooLarge, "body_too_large")
	t.startRun(period, over, t.unique("k"), chunked).refused(http.StatusRequestEntityTooLarge, "body_too_large")
	t.startRun(period, t.firstFile(), t.unique("k"), header("Content-Type", "application/json")).
		refused(http.StatusUnsupportedMediaType, "unsupported_media_type")
	t.startRun(period, t.firstFile(), t.unique("k"), without("Idempotency-Key")).refused(http.StatusBadRequest, "idempotency_key_required")
}
