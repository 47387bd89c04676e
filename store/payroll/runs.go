package payroll

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"triptych/domain/fault"
	"triptych/domain/payroll"
	"triptych/internal/postgres"
)

// The states of a run.
const (
	Running   = "running"
	Completed = "completed"
	Failed    = "failed"
)

// A Run is the payroll of one month.
type Run struct {
	ID            uuid.UUID
	Period        payroll.Period
	Status        string
	Rows          int // in the file, the header not counted
	Accepted      int
	RejectedCount int
	Rejected      []payroll.Rejection // the first ones
	Payslips      int                 // so far
	Totals        payroll.Totals      // of the payslips so far
}

// shownRejections is how many rejected rows a run tells of.
const shownRejections = 1000

// busyAgain is what a client is told to wait while another run is under way.
const busyAgain = 2 * time.Second

// ErrEnded says that a run is not running any more.
var ErrEnded = errors.New("the payroll run is not running any more")

// Begin records a run, which has no rows yet. There can be one that is running
// at a time, and a period after which another was paid, or which was paid
// itself, cannot be: the faults "request_in_progress", "period_out_of_order"
// and "period_closed".
func Begin(ctx context.Context, tx pgx.Tx, id uuid.UUID, p payroll.Period, at time.Time) error {
	// First the row, which keeps every other run out, and then the question
	// what has been paid: the other way round, a run could end in between.
	_, err := tx.Exec(ctx, `
		INSERT INTO payroll_runs (id, period, status, started_at) VALUES ($1, $2, 'running', $3)`, id, p.String(), at)
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.ConstraintName == "payroll_one_running" {
		return fault.New(fault.Conflict, "request_in_progress", "another payroll run is under way").After(busyAgain)
	}
	if err != nil {
		return err
	}
	var newest string
	err = tx.QueryRow(ctx, `SELECT coalesce(max(period), '') FROM payroll_runs WHERE status = 'completed'`).Scan(&newest)
	switch {
	case err != nil:
		return err
	case newest > p.String():
		return closedOrLate(ctx, tx, p, newest)
	case newest == p.String():
		return closed(p)
	}
	return nil
}

func closedOrLate(ctx context.Context, tx pgx.Tx, p payroll.Period, newest string) error {
	var paid bool
	err := tx.QueryRow(ctx, `
		SELECT EXISTS (SELECT FROM payroll_runs WHERE status = 'completed' AND period = $1)`, p.String()).Scan(&paid)
	switch {
	case err != nil:
		return err
	case paid:
		return closed(p)
	}
	return fault.New(fault.Conflict, "period_out_of_order", "%s cannot be paid: %s has been paid already", p, newest)
}

func closed(p payroll.Period) error {
	return fault.New(fault.Conflict, "period_closed", "%s has been paid", p)
}

// Find returns a run, or false when there is no such one.
func Find(ctx context.Context, db postgres.DB, id uuid.UUID) (Run, bool, error) {
	return find(ctx, db, `id = $1`, id)
}

// FindRunning returns the run that is running, or false when there is none.
func FindRunning(ctx context.Context, db postgres.DB) (Run, bool, error) {
	return find(ctx, db, `status = 'running'`)
}

func find(ctx context.Context, db postgres.DB, where string, args ...any) (r Run, ok bool, err error) {
	var period string
	err = db.QueryRow(ctx, `
		SELECT id, period, status, rows, accepted, rows - accepted, payslips, gross, tax, employee_ni, pension, net, employer_ni
		FROM payroll_runs WHERE `+where, args...).Scan(&r.ID, &period, &r.Status, &r.Rows, &r.Accepted, &r.RejectedCount,
		&r.Payslips, &r.Totals.Gross, &r.Totals.Tax, &r.Totals.EmployeeNI, &r.Totals.Pension, &r.Totals.Net, &r.Totals.EmployerNI)
	if errors.Is(err, pgx.ErrNoRows) {
		return Run{}, false, nil
	}
	if err == nil {
		r.Period, err = payroll.ParsePeriod(period)
	}
	if err == nil && r.RejectedCount > 0 {
		r.Rejected, err = rejections(ctx, db, r.ID)
	}
	return r, err == nil, err
}

func rejections(ctx context.Context, db postgres.DB, run uuid.UUID) ([]payroll.Rejection, error) {
	rows, err := db.Query(ctx, `
		SELECT line, employee, code, detail FROM payroll_rejections
		WHERE run_id = $1 ORDER BY line LIMIT $2`, run, shownRejections)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[payroll.Rejection])
}

// ErrUnpaid says that payslips of a run are missing.
var ErrUnpaid = errors.New("payslips are missing")

// Complete ends a run whose payslips are all written; with one missing it
// returns ErrUnpaid. Completed already, it does nothing.
func Complete(ctx context.Context, db postgres.DB, run uuid.UUID, at time.Time) error {
	var status string
	err := db.QueryRow(ctx, `
		WITH done AS (
			UPDATE payroll_runs r SET status = 'completed', ended_at = $2
			WHERE id = $1 AND status = 'running'
				AND payslips >= accepted -- or there is no need to count
				AND payslips = (SELECT count(*) FROM payroll_rows WHERE run_id = r.id)
			RETURNING status)
		SELECT coalesce((SELECT status FROM done), (SELECT status FROM payroll_runs WHERE id = $1), '')`, run, at).Scan(&status)
	switch {
	case err != nil || status == Completed:
		return err
	case status == Running:
		return fmt.Errorf("complete payroll run %s: %w", run, ErrUnpaid)
	}
	return fmt.Errorf("complete payroll run %s: %w", run, ErrEnded) // or it was never there
}

// Fail ends a run that cannot be computed, and takes its payslips back: nobody
// was paid, and the period can be paid by another run.
func Fail(ctx context.Context, tx pgx.Tx, run uuid.UUID, at time.Time) error {
	// The run first: whoever is just writing payslips of it has to be waited for.
	_, err := tx.Exec(ctx, `
		UPDATE payroll_runs SET status = 'failed', ended_at = $2, payslips = 0,
			gross = 0, tax = 0, employee_ni = 0, pension = 0, net = 0, employer_ni = 0
		WHERE id = $1 AND status = 'running'`, run, at)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = '2min'`); err != nil { // there may be 100,000
		return err
	}
	_, err = tx.Exec(ctx, `
		DELETE FROM payslips p USING payroll_runs r, payroll_rows w
		WHERE r.id = $1 AND w.run_id = r.id AND p.employee = w.employee AND p.period = r.period AND p.run_id = r.id`, run)
	return err
}
