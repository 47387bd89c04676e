package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/api"
	"triptych/domain/payroll"
	"triptych/internal/news"
	"triptych/internal/postgres"
	"triptych/internal/rest"
	"triptych/store/idempotency"
	wages "triptych/store/payroll"
)

// payday is the payroll: requests upload the timesheet and ask how far a run
// is, and work, beside them, computes.
type payday struct {
	db      *pgxpool.Pool
	news    *news.News
	uploads chan struct{} // a place for each upload at once: each holds a connection as long as its client sends
	due     chan struct{} // has something in it when a run has begun
	chunk   int           // payslips in one transaction
	workers int           // transactions at once
}

const (
	maxUploads     = 2
	payrollChunk   = 1000
	payrollWorkers = 2
)

func newPayday(db *pgxpool.Pool, n *news.News) *payday {
	return &payday{db, n, make(chan struct{}, maxUploads), make(chan struct{}, 1), payrollChunk, payrollWorkers}
}

// PutEmployee implements api.Payroll.
func (p *payday) PutEmployee(ctx context.Context, e payroll.Employee) (created bool, err error) {
	return wages.PutEmployee(ctx, p.db, e)
}

// Employees implements api.Payroll.
func (p *payday) Employees(ctx context.Context, page rest.Page) (rest.List[payroll.Employee], error) {
	rows, err := wages.Employees(ctx, p.db, page.After, page.Limit+1)
	return rest.Cut(rows, page.Limit, func(e payroll.Employee) string { return e.ID }), err
}

// Run implements api.Payroll.
func (p *payday) Run(ctx context.Context, id uuid.UUID, wait time.Duration) (api.Run, error) {
	return news.Await(ctx, p.news, id, wait, func() (api.Run, bool, error) {
		r, err := p.find(ctx, id)
		return api.Run(r), r.Status != wages.Running, err
	})
}

func (p *payday) find(ctx context.Context, id uuid.UUID) (wages.Run, error) {
	r, ok, err := wages.Find(ctx, p.db, id)
	if err == nil && !ok {
		err = api.NotFound("payroll run")
	}
	return r, err
}

// Payslips implements api.Payroll.
func (p *payday) Payslips(ctx context.Context, run uuid.UUID, page rest.Page) (rest.List[payroll.Payslip], error) {
	r, err := p.find(ctx, run)
	if err != nil {
		return rest.List[payroll.Payslip]{}, err
	}
	slips, err := wages.Payslips(ctx, p.db, r, page.After, page.Limit+1)
	return rest.Cut(slips, page.Limit, func(s payroll.Payslip) string { return s.Employee }), err
}

// StartRun implements api.Payroll. The file goes through to the database as it
// comes; when it is whole, the run begins, and the worker is told.
func (p *payday) StartRun(ctx context.Context, by api.Caller, key string, period payroll.Period, file io.Reader, wait time.Duration) (api.Run, bool, error) {
	if _, err := payroll.RatesFor(period); err != nil {
		return api.Run{}, false, err
	}
	id, replayed, err := p.upload(ctx, idempotency.Request{Account: by.Account, Key: key, At: postgres.Now()}, period, file)
	if err != nil {
		return api.Run{}, false, err
	}
	select {
	case p.due <- struct{}{}:
	default: // the worker will look in any case
	}
	r, err := p.Run(ctx, id, wait)
	return r, replayed, err
}

// enter waits for a place among the uploads; receiving from them gives it back.
func (p *payday) enter(ctx context.Context) error {
	patience := time.NewTimer(turnTimeout)
	defer patience.Stop()
	select {
	case p.uploads <- struct{}{}:
		return nil
	case <-patience.C:
		return idempotency.InProgress()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// upload is one transaction: either the whole file is there, with a run that
// has begun and the key recorded, or nothing is. When the key is known, it
// returns the run that was made then.
func (p *payday) upload(ctx context.Context, request idempotency.Request, period payroll.Period, file io.Reader) (run uuid.UUID, replayed bool, err error) {
	if err := p.enter(ctx); err != nil {
		return uuid.Nil, false, err
	}
	defer func() { <-p.uploads }()
	fingerprint := sha256.New()
	fmt.Fprintln(fingerprint, period)
	// Not InTx, which would read the file again when it tries again.
	err = pgx.BeginFunc(ctx, p.db, func(tx pgx.Tx) error {
		sheet, err := payroll.ReadTimesheet(io.TeeReader(file, fingerprint))
		if err != nil {
			return err
		}
		if err := wages.Upload(ctx, tx, sheet); err != nil {
			return err
		}
		run, request.Fingerprint = newID(), fingerprint.Sum(nil)
		err = idempotency.Record(ctx, tx, request, run)
		if errors.Is(err, idempotency.ErrTaken) {
			run, replayed, err = idempotency.Find(ctx, tx, request)
			return err
		}
		if err != nil {
			return err
		}
		if err := wages.Begin(ctx, tx, run, period, request.At); err != nil {
			return err
		}
		return wages.Accept(ctx, tx, run)
	})
	// Waited too long for another that has this key, or whose run just begins.
	if postgres.LockTimeout(err) {
		err = idempotency.InProgress()
	}
	return run, replayed, err
}
