// Package payroll keeps the employees, the payroll runs with their timesheets,
// and the payslips.
package payroll

import (
	"context"
	"embed"

	"github.com/jackc/pgx/v5"

	"triptych/domain/payroll"
	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the tables of this noun.
var Schema = postgres.NewSchema("payroll", schema)

// PutEmployee stores an employee and reports whether it is a new one.
func PutEmployee(ctx context.Context, db postgres.DB, e payroll.Employee) (created bool, err error) {
	err = db.QueryRow(ctx, `
		INSERT INTO employees (id, name, tax_code, ni_category, hourly, salary, pension_percent)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (id) DO UPDATE SET
			name = excluded.name, tax_code = excluded.tax_code, ni_category = excluded.ni_category,
			hourly = excluded.hourly, salary = excluded.salary, pension_percent = excluded.pension_percent
		RETURNING xmax = 0`, // no earlier version was locked: the row is new
		e.ID, e.Name, e.TaxCode, e.NICategory, e.Pay.Hourly, e.Pay.Salary, e.PensionPercent).Scan(&created)
	return created, err
}

// Employees returns at most limit employees whose ids come after one, in order.
func Employees(ctx context.Context, db postgres.DB, after string, limit int) ([]payroll.Employee, error) {
	rows, err := db.Query(ctx, `
		SELECT id, name, tax_code, ni_category, hourly, salary, pension_percent
		FROM employees WHERE id > $1 ORDER BY id LIMIT $2`, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (e payroll.Employee, err error) {
		err = row.Scan(&e.ID, &e.Name, &e.TaxCode, &e.NICategory, &e.Pay.Hourly, &e.Pay.Salary, &e.PensionPercent)
		return e, err
	})
}

// Payslips returns at most limit payslips of a run whose employees come after
// one, in order.
func Payslips(ctx context.Context, db postgres.DB, r Run, after string, limit int) ([]payroll.Payslip, error) {
	rows, err := db.Query(ctx, `
		SELECT p.employee, p.gross, p.tax, p.employee_ni, p.pension, p.net, p.employer_ni, p.tax_code, p.hours, p.overtime
		FROM payroll_rows r JOIN payslips p ON p.employee = r.employee AND p.period = $2
		WHERE r.run_id = $1 AND r.employee > $3
		ORDER BY r.employee LIMIT $4`, r.ID, r.Period.String(), after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p payroll.Payslip, err error) {
		p.Period = r.Period
		err = row.Scan(&p.Employee, &p.Gross, &p.Tax, &p.EmployeeNI, &p.Pension, &p.Net, &p.EmployerNI, &p.TaxCode, &p.Hours, &p.Overtime)
		return p, err
	})
}
