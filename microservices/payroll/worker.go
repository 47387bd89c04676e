package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/payroll"
	"triptych/internal/faults"
	"triptych/internal/inbox"
	"triptych/internal/kafka"
	"triptych/internal/postgres"
	eventsv1 "triptych/proto/events/v1"
	wages "triptych/store/payroll"
)

// worker consumes chunks, in one group with those of all processes. What
// cannot be handled, and not because of the database, becomes a dead letter. Its
// run goes on running until the letter is replayed: that wages are not paid is
// decided by an employee's terms alone.
func (s *server) worker() kafka.Consumer {
	return kafka.Consumer{
		Group:     s.group,
		Topics:    []kafka.Topic{s.topic},
		Handle:    s.handle,
		Transient: postgres.Unavailable,
		Timeout:   3 * time.Minute, // failing a run takes back up to 100,000 payslips
	}
}

// handle pays a chunk, and ends the run when it was the last.
func (s *server) handle(ctx context.Context, m kafka.Message) error {
	run, chunk, err := fromMessage(m)
	if err != nil {
		return err
	}
	r, ok, err := wages.Find(ctx, s.db, run)
	switch {
	case err != nil:
		return err
	case !ok:
		return fmt.Errorf("there is no payroll run %s", run)
	case r.Status != wages.Running:
		return nil
	}
	completed := false
	err = faults.Point(ctx, "payroll.pay", func(ctx context.Context) error {
		completed, err = s.pay(ctx, m.ID, r, chunk)
		return err
	})
	if unpayable := (*wages.UnpayableError)(nil); errors.As(err, &unpayable) {
		return s.fail(ctx, r, err)
	}
	if completed {
		s.ended(ctx, r, wages.Completed)
	}
	if errors.Is(err, wages.ErrEnded) { // while this chunk was computed, another failed
		return nil
	}
	return err
}

func fromMessage(m kafka.Message) (run uuid.UUID, c wages.Chunk, err error) {
	var due eventsv1.PayrollChunkDue
	if err := m.Unmarshal(&due); err != nil {
		return uuid.Nil, c, err
	}
	run, err = uuid.Parse(due.RunId)
	return run, wages.Chunk{First: due.First, Last: due.Last}, err
}

// pay is one transaction: the chunk is marked as handled, its payslips are
// written, and if none is missing then, the run is completed. As every chunk
// takes the run's row to add its payslips to the sums, one of them is the last.
func (s *server) pay(ctx context.Context, message uuid.UUID, r wages.Run, c wages.Chunk) (completed bool, err error) {
	rates, err := payroll.RatesFor(r.Period)
	if err != nil { // a run that another version began
		return false, &wages.UnpayableError{Err: err}
	}
	err = postgres.InTx(ctx, s.db, func(tx pgx.Tx) error {
		completed = false // also when the transaction is tried again
		first, err := inbox.First(ctx, tx, s.group, message)
		if err != nil || !first {
			return err
		}
		if _, err := wages.Pay(ctx, tx, r, rates, c); err != nil {
			return err
		}
		err = wages.Complete(ctx, tx, r.ID, postgres.Now())
		if errors.Is(err, wages.ErrUnpaid) {
			return nil
		}
		completed = err == nil
		return err
	})
	return completed && err == nil, err
}

// fail ends a run because somebody cannot be paid.
func (s *server) fail(ctx context.Context, r wages.Run, why error) error {
	err := postgres.InTx(ctx, s.db, func(tx pgx.Tx) error { return wages.Fail(ctx, tx, r.ID, postgres.Now()) })
	if err != nil {
		return err
	}
	slog.ErrorContext(ctx, "payroll run cannot be computed", "run", r.ID, "period", r.Period.String(), "err", why)
	s.ended(ctx, r, wages.Failed)
	return nil
}

func (s *server) ended(ctx context.Context, r wages.Run, status string) {
	slog.InfoContext(ctx, "payroll run ended", "run", r.ID, "period", r.Period.String(), "status", status)
	s.news.Changed(r.ID)
}
