package api

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"triptych/domain/money"
	"triptych/domain/payroll"
	"triptych/internal/rest"
)

// Payroll is what an architecture does about wages.
type Payroll interface {
	// PutEmployee stores an employee and reports whether it is a new one.
	PutEmployee(ctx context.Context, e payroll.Employee) (created bool, err error)
	// Employees lists employees by id.
	Employees(ctx context.Context, p rest.Page) (rest.List[payroll.Employee], error)
	// StartRun reads a timesheet file, at most one per account and key, and
	// pays the period; it waits up to wait until that is done. A key that is
	// known, with the same period and file, returns the run it made and replayed.
	StartRun(ctx context.Context, by Caller, key string, period payroll.Period, file io.Reader, wait time.Duration) (run Run, replayed bool, err error)
	// Run returns one run; it waits up to wait until that is done.
	Run(ctx context.Context, id uuid.UUID, wait time.Duration) (Run, error)
	// Payslips lists the payslips of a run by employee.
	Payslips(ctx context.Context, run uuid.UUID, p rest.Page) (rest.List[payroll.Payslip], error)
}

// A Run is the payroll of one month.
type Run struct {
	ID            uuid.UUID
	Period        payroll.Period
	Status        string // running, completed or failed
	Rows          int    // in the file, the header not counted
	Accepted      int
	RejectedCount int
	Rejected      []payroll.Rejection // the first 1,000
	Payslips      int                 // so far
	Totals        payroll.Totals      // of the payslips so far
}

type employeeJSON struct {
	ID             string  `json:"id"`
	Name           string  `json:"name"`
	TaxCode        string  `json:"tax_code"`
	NICategory     string  `json:"ni_category"`
	Pay            payJSON `json:"pay"`
	PensionPercent int     `json:"pension_percent"`
}

type payJSON struct {
	Hourly money.Amount `json:"hourly,omitzero"`
	Salary money.Amount `json:"salary,omitzero"`
}

func toEmployee(e payroll.Employee) employeeJSON {
	return employeeJSON{e.ID, e.Name, e.TaxCode, e.NICategory, payJSON(e.Pay), e.PensionPercent}
}

type totalsPaidJSON struct {
	Gross      money.Amount `json:"gross"`
	Tax        money.Amount `json:"tax"`
	EmployeeNI money.Amount `json:"employee_ni"`
	Pension    money.Amount `json:"pension"`
	Net        money.Amount `json:"net"`
	EmployerNI money.Amount `json:"employer_ni"`
}

type runJSON struct {
	ID            uuid.UUID       `json:"id"`
	Period        string          `json:"period"`
	Status        string          `json:"status"`
	Rows          int             `json:"rows"`
	Accepted      int             `json:"accepted"`
	RejectedCount int             `json:"rejected_count"`
	Rejected      []rejectionJSON `json:"rejected"`
	Payslips      int             `json:"payslips"`
	Totals        totalsPaidJSON  `json:"totals"`
}

type rejectionJSON struct {
	Line     int    `json:"line"`
	Employee string `json:"employee"`
	Code     string `json:"code"`
	Detail   string `json:"detail"`
}

func toRun(r Run) runJSON {
	out := runJSON{
		ID: r.ID, Period: r.Period.String(), Status: r.Status,
		Rows: r.Rows, Accepted: r.Accepted, RejectedCount: r.RejectedCount,
		Rejected: make([]rejectionJSON, len(r.Rejected)),
		Payslips: r.Payslips, Totals: totalsPaidJSON(r.Totals),
	}
	for i, bad := range r.Rejected {
		out.Rejected[i] = rejectionJSON(bad)
	}
	return out
}

type payslipJSON struct {
	Employee string `json:"employee"`
	Period   string `json:"period"`
	totalsPaidJSON
	TaxCode       string  `json:"tax_code"`
	Hours         float64 `json:"hours"`
	OvertimeHours float64 `json:"overtime_hours"`
}

func toPayslip(p payroll.Payslip) payslipJSON {
	return payslipJSON{p.Employee, p.Period.String(), totalsPaidJSON(p.Totals), p.TaxCode, float64(p.Hours) / 100, float64(p.Overtime) / 100}
}

func (s *server) putEmployee(w http.ResponseWriter, r *http.Request, _ Caller) error {
	var in struct {
		Name       string `json:"name"`
		TaxCode    string `json:"tax_code"`
		NICategory string `json:"ni_category"`
		Pay        struct {
			Hourly *money.Amount `json:"hourly"`
			Salary *money.Amount `json:"salary"`
		} `json:"pay"`
		PensionPercent int `json:"pension_percent"`
	}
	if _, err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	e := payroll.Employee{ID: r.PathValue("id"), Name: in.Name, TaxCode: in.TaxCode, NICategory: in.NICategory, PensionPercent: in.PensionPercent}
	if in.Pay.Hourly != nil {
		e.Pay.Hourly = *in.Pay.Hourly
	}
	if in.Pay.Salary != nil {
		e.Pay.Salary = *in.Pay.Salary
	}
	if err := e.Validate(); err != nil {
		return err
	}
	created, err := s.Payroll.PutEmployee(r.Context(), e)
	if err != nil {
		return err
	}
	return rest.JSON(w, createdOr(http.StatusOK, created), toEmployee(e))
}

func (s *server) listEmployees(w http.ResponseWriter, r *http.Request, _ Caller) error {
	q, err := rest.Known(r, "limit", "cursor")
	if err != nil {
		return err
	}
	page, err := rest.ReadPage(q)
	if err != nil {
		return err
	}
	list, err := s.Payroll.Employees(r.Context(), page)
	if err != nil {
		return err
	}
	return writeList(w, list, toEmployee)
}

func (s *server) startPayrollRun(w http.ResponseWriter, r *http.Request, by Caller) error {
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	q, err := rest.Known(r, "period")
	if err != nil {
		return err
	}
	period, err := payroll.ParsePeriod(q.Get("period"))
	if err != nil {
		return err
	}
	if err := rest.RequireMedia(r, "text/csv"); err != nil {
		return err
	}
	run, replayed, err := s.Payroll.StartRun(r.Context(), by, key, period, upload(w, r), preferWait(w, r))
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/payroll/runs/"+run.ID.String())
	if replayed {
		w.Header().Set("Idempotency-Replayed", "true")
	}
	return rest.JSON(w, createdOr(http.StatusAccepted, run.Status != "running"), toRun(run))
}

// upload returns the request's body, bounded, whose errors are faults.
func upload(w http.ResponseWriter, r *http.Request) io.Reader {
	return faultReader{http.MaxBytesReader(w, r.Body, maxUpload)}
}

type faultReader struct{ io.Reader }

func (f faultReader) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err != nil && err != io.EOF {
		err = rest.BodyFault(err)
	}
	return n, err
}

func (s *server) getPayrollRun(w http.ResponseWriter, r *http.Request, _ Caller) error {
	id, err := pathID(r, "run")
	if err != nil {
		return err
	}
	run, err := s.Payroll.Run(r.Context(), id, preferWait(w, r))
	if err != nil {
		return err
	}
	return rest.JSON(w, http.StatusOK, toRun(run))
}

func (s *server) listPayslips(w http.ResponseWriter, r *http.Request, _ Caller) error {
	id, err := pathID(r, "run")
	if err != nil {
		return err
	}
	q, err := rest.Known(r, "limit", "cursor")
	if err != nil {
		return err
	}
	page, err := rest.ReadPage(q)
	if err != nil {
		return err
	}
	list, err := s.Payroll.Payslips(r.Context(), id, page)
	if err != nil {
		return err
	}
	return writeList(w, list, toPayslip)
}
