package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"triptych/domain/fault"
	"triptych/domain/payroll"
	"triptych/internal/postgres"
	wages "triptych/store/payroll"
)

// How long to wait before trying again when the database cannot serve.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 10 * time.Second
)

// work computes the runs that begin, until ctx is done. It looks for one when
// it starts, so a run that a crash cut short goes on where its payslips end.
func (p *payday) work(ctx context.Context) error {
	pause := firstPause
	for {
		retry := (<-chan time.Time)(nil)
		if err := p.payRunning(ctx); err == nil {
			pause = firstPause
		} else if ctx.Err() == nil {
			slog.WarnContext(ctx, "payroll run interrupted", "err", err, "again_in", pause)
			retry = time.After(pause)
			pause = min(2*pause, longestPause)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-p.due:
		case <-retry:
		}
	}
}

// payRunning pays the run that is running, if there is one, to its end.
func (p *payday) payRunning(ctx context.Context) error {
	r, ok, err := wages.FindRunning(ctx, p.db)
	if err != nil || !ok {
		return err
	}
	began := time.Now()
	err = p.pay(ctx, r)
	if unpayable := (*wages.UnpayableError)(nil); errors.As(err, &unpayable) {
		slog.ErrorContext(ctx, "payroll run failed", "run", r.ID, "period", r.Period.String(), "err", err)
		err = postgres.InTx(ctx, p.db, func(tx pgx.Tx) error { return wages.Fail(ctx, tx, r.ID, postgres.Now()) })
	} else if err == nil {
		err = wages.Complete(ctx, p.db, r.ID, postgres.Now())
	}
	if err != nil {
		return err
	}
	slog.InfoContext(ctx, "payroll run ended", "run", r.ID, "period", r.Period.String(), "took", time.Since(began))
	p.news.Changed(r.ID)
	return nil
}

// pay writes the payslips that are missing, chunk by chunk, a few chunks at
// once. Each is a transaction, so that what is written stays written.
func (p *payday) pay(ctx context.Context, r wages.Run) error {
	rates, err := payroll.RatesFor(r.Period)
	if f := (*fault.Fault)(nil); errors.As(err, &f) { // a run that another version began
		return &wages.UnpayableError{Err: err}
	}
	if err != nil {
		return err
	}
	chunks, err := wages.Chunks(ctx, p.db, r.ID, p.chunk)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(p.workers)
	for _, c := range chunks {
		g.Go(func() error {
			return postgres.InTx(ctx, p.db, func(tx pgx.Tx) error {
				_, err := wages.Pay(ctx, tx, r, rates, c)
				return err
			})
		})
	}
	return g.Wait()
}
