package payroll

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/money"
	"triptych/domain/payroll"
	"triptych/internal/postgres"
)

// A Chunk is a range of employees, both ends included.
type Chunk struct{ First, Last string }

// Chunks divides those whom a run pays into ranges of at most size.
func Chunks(ctx context.Context, db postgres.DB, run uuid.UUID, size int) ([]Chunk, error) {
	rows, err := db.Query(ctx, `
		SELECT min(employee), max(employee) FROM (
			SELECT employee, (row_number() OVER (ORDER BY employee) - 1) / $2 AS chunk
			FROM payroll_rows WHERE run_id = $1) numbered
		GROUP BY chunk ORDER BY chunk`, run, size)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Chunk])
}

// A due is somebody whom a run has not paid yet.
type due struct {
	employee payroll.Employee
	row      payroll.Row
	before   payroll.ToDate
}

// An UnpayableError says that somebody's payslip cannot be computed, now or
// ever.
type UnpayableError struct{ Err error }

// Error returns the reason.
func (e *UnpayableError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *UnpayableError) Unwrap() error { return e.Err }

// Pay writes the payslips of a chunk, except those that are written already,
// and adds them to the run's sums. When the run has ended meanwhile, that is
// ErrEnded. When two programs do the same chunk at
// once, the payslips' key lets one of them through.
func Pay(ctx context.Context, tx pgx.Tx, r Run, rates *payroll.Rates, c Chunk) (paid int, err error) {
	dues, err := unpaid(ctx, tx, r, c)
	if err != nil || len(dues) == 0 {
		return 0, err
	}
	slips := make([]payroll.Payslip, len(dues))
	var sum payroll.Totals
	for i, d := range dues {
		if slips[i], err = payroll.Compute(rates, r.Period, d.employee, d.row, d.before); err != nil {
			return 0, &UnpayableError{err}
		}
		sum = sum.Plus(slips[i].Totals)
	}
	if err := insert(ctx, tx, r.ID, slips); err != nil {
		return 0, fmt.Errorf("write payslips: %w", err)
	}
	return len(slips), add(ctx, tx, r.ID, len(slips), sum)
}

// unpaid returns who of a chunk has no payslip yet, with their terms, their
// hours, and what the tax year's earlier payslips add up to.
func unpaid(ctx context.Context, tx pgx.Tx, r Run, c Chunk) ([]due, error) {
	rows, err := tx.Query(ctx, `
		SELECT e.id, e.name, e.tax_code, e.ni_category, e.hourly, e.salary, e.pension_percent, r.hours, r.overtime,
			coalesce(before.pay, 0), coalesce(before.tax, 0)
		FROM payroll_rows r
		JOIN employees e ON e.id = r.employee
		LEFT JOIN LATERAL (
			SELECT sum(gross - pension)::bigint AS pay, sum(tax)::bigint AS tax FROM payslips
			WHERE employee = r.employee AND period >= $4 AND period < $5) before ON true
		WHERE r.run_id = $1 AND r.employee BETWEEN $2 AND $3
			AND NOT EXISTS (SELECT FROM payslips WHERE employee = r.employee AND period = $5)
		ORDER BY r.employee`,
		r.ID, c.First, c.Last, r.Period.FirstOfTaxYear().String(), r.Period.String())
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (d due, err error) {
		e := &d.employee
		err = row.Scan(&e.ID, &e.Name, &e.TaxCode, &e.NICategory, &e.Pay.Hourly, &e.Pay.Salary, &e.PensionPercent,
			&d.row.Hours, &d.row.Overtime, &d.before.Pay, &d.before.Tax)
		d.row.Employee = e.ID
		return d, err
	})
}

func insert(ctx context.Context, tx pgx.Tx, run uuid.UUID, slips []payroll.Payslip) error {
	_, err := tx.CopyFrom(ctx, pgx.Identifier{"payslips"},
		[]string{"employee", "period", "run_id", "gross", "tax", "employee_ni", "pension", "net", "employer_ni", "tax_code", "hours", "overtime"},
		pgx.CopyFromSlice(len(slips), func(i int) ([]any, error) {
			s := slips[i]
			return []any{s.Employee, s.Period.String(), run, pence(s.Gross), pence(s.Tax), pence(s.EmployeeNI), pence(s.Pension),
				pence(s.Net), pence(s.EmployerNI), s.TaxCode, int64(s.Hours), int64(s.Overtime)}, nil
		}))
	return err
}

// pence is an amount as COPY takes it fastest.
func pence(a money.Amount) int64 { return int64(a) }

// add adds payslips to a run's sums. It comes last in a transaction, because
// every chunk of the run takes this row.
func add(ctx context.Context, tx pgx.Tx, run uuid.UUID, payslips int, t payroll.Totals) error {
	tag, err := tx.Exec(ctx, `
		UPDATE payroll_runs SET payslips = payslips + $2, gross = gross + $3, tax = tax + $4, employee_ni = employee_ni + $5,
			pension = pension + $6, net = net + $7, employer_ni = employer_ni + $8
		WHERE id = $1 AND status = 'running'`,
		run, payslips, t.Gross, t.Tax, t.EmployeeNI, t.Pension, t.Net, t.EmployerNI)
	if err == nil && tag.RowsAffected() == 0 {
		err = fmt.Errorf("pay run %s: %w", run, ErrEnded)
	}
	return err
}
