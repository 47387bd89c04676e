package payroll

import (
	"context"
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/payroll"
)

// uploadTimeout bounds each statement of an upload: the copying of the file
// lasts as long as the client takes to send it.
const uploadTimeout = "2min"

// Upload copies a timesheet, as it is read, into a table that lasts as long as
// tx. Nothing that others see or wait for has happened yet.
func Upload(ctx context.Context, tx pgx.Tx, sheet *payroll.Timesheet) error {
	_, err := tx.Exec(ctx, `SET LOCAL statement_timeout = '`+uploadTimeout+`'`)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `
		CREATE TEMPORARY TABLE timesheet (
			line integer, employee text COLLATE "C", hours integer, overtime integer, code text, detail text
		) ON COMMIT DROP`)
	if err != nil {
		return err
	}
	source := &lines{sheet: sheet}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{"timesheet"},
		[]string{"line", "employee", "hours", "overtime", "code", "detail"}, source)
	if source.err != nil {
		return source.err // the reason; what the copying says is its consequence
	}
	return err
}

// lines gives a timesheet to COPY, line by line. Rejected ones have a code.
type lines struct {
	sheet    *payroll.Timesheet
	row      payroll.Row
	rejected *payroll.Rejection
	err      error
}

// Next reads a line.
func (l *lines) Next() bool {
	l.row, l.rejected, l.err = l.sheet.Next()
	if l.err == io.EOF {
		l.err = nil
		return false
	}
	return l.err == nil
}

// Values returns the line that was read.
func (l *lines) Values() ([]any, error) {
	if r := l.rejected; r != nil {
		return []any{r.Line, r.Employee, 0, 0, r.Code, r.Detail}, nil
	}
	return []any{l.row.Line, l.row.Employee, int64(l.row.Hours), int64(l.row.Overtime), nil, nil}, nil
}

// Err returns why there was no next line, or nil at the end.
func (l *lines) Err() error { return l.err }

// Accept decides the uploaded rows of a run that has begun: those of unknown
// employees and second rows of the same one are rejected, as those are that
// could not be read. It then knows whom the run pays: the accepted rows, and
// the salaried who have none.
func Accept(ctx context.Context, tx pgx.Tx, run uuid.UUID) error {
	if _, err := tx.Exec(ctx, `ANALYZE timesheet`); err != nil { // or the planner thinks of a handful of rows
		return err
	}
	for step, sql := range []string{`
		WITH judged AS MATERIALIZED (
			SELECT t.line, t.employee, t.hours, t.overtime, t.detail,
				CASE
					WHEN t.code IS NOT NULL THEN t.code
					WHEN e.id IS NULL THEN 'unknown_employee'
					WHEN row_number() OVER (PARTITION BY t.employee, t.code IS NULL ORDER BY t.line) > 1 THEN 'duplicate_employee'
				END AS code
			FROM timesheet t LEFT JOIN employees e ON e.id = t.employee),
		accepted AS (
			INSERT INTO payroll_rows (run_id, employee, line, hours, overtime)
			SELECT $1, employee, line, hours, overtime FROM judged WHERE code IS NULL ORDER BY employee
			RETURNING 1),
		rejected AS (
			INSERT INTO payroll_rejections (run_id, line, employee, code, detail)
			SELECT $1, line, employee, code, CASE code
				WHEN 'unknown_employee' THEN 'there is no employee ' || employee
				WHEN 'duplicate_employee' THEN employee || ' has a row already'
				ELSE detail END
			FROM judged WHERE code IS NOT NULL
			RETURNING 1)
		UPDATE payroll_runs SET
			accepted = (SELECT count(*) FROM accepted),
			rows = (SELECT count(*) FROM accepted) + (SELECT count(*) FROM rejected)
		WHERE id = $1`, `
		INSERT INTO payroll_rows (run_id, employee, hours, overtime)
		SELECT $1, id, 0, 0 FROM employees WHERE salary > 0
		ON CONFLICT DO NOTHING`,
	} {
		if _, err := tx.Exec(ctx, sql, run); err != nil {
			return fmt.Errorf("accept rows, step %d: %w", step+1, err)
		}
	}
	return nil
}
