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
	"google.golang.org/grpc"

	"triptych/domain/fault"
	"triptych/domain/payroll"
	"triptych/internal/faults"
	"triptych/internal/outbox"
	"triptych/internal/postgres"
	"triptych/internal/rpc"
	eventsv1 "triptych/proto/events/v1"
	payrollv1 "triptych/proto/payroll/v1"
	"triptych/store/idempotency"
	wages "triptych/store/payroll"
)

// turnTimeout is how long an upload waits for others.
const turnTimeout = 10 * time.Second

// StartRun implements payrollv1.PayrollServer. The file goes through to the
// database as it comes; when it is whole, the run begins, and its chunks are on
// their way to the workers.
func (s *server) StartRun(stream grpc.ClientStreamingServer[payrollv1.StartRunRequest, payrollv1.StartRunResponse]) error {
	ctx := stream.Context()
	first, err := stream.Recv()
	if err != nil {
		return fmt.Errorf("receive what the timesheet is for: %w", err)
	}
	request, period, err := fromBegin(first.GetBegin())
	if err != nil {
		return err
	}
	if _, err := payroll.RatesFor(period); err != nil {
		return err
	}
	file := rpc.Pieces(func() ([]byte, error) {
		m, err := stream.Recv()
		return m.GetPiece(), err
	})
	id, replayed, err := s.accept(ctx, request, period, file)
	if err != nil {
		return err
	}
	s.wake()
	r, err := s.find(ctx, id)
	if err != nil {
		return err
	}
	return stream.SendAndClose(&payrollv1.StartRunResponse{Run: toRun(r), Replayed: replayed})
}

func fromBegin(b *payrollv1.StartRunRequest_Begin) (idempotency.Request, payroll.Period, error) {
	account, err := uuid.Parse(b.GetAccountId())
	if err != nil {
		return idempotency.Request{}, payroll.Period{}, fault.New(fault.Malformed, "bad_request", "a timesheet begins with whose it is and what for")
	}
	period, err := payroll.ParsePeriod(b.GetPeriod())
	return idempotency.Request{Account: account, Key: b.GetKey(), At: postgres.Now()}, period, err
}

// accept waits for a place among the uploads and takes the file in.
func (s *server) accept(ctx context.Context, request idempotency.Request, period payroll.Period, file io.Reader) (run uuid.UUID, replayed bool, err error) {
	patience := time.NewTimer(s.patience)
	defer patience.Stop()
	select {
	case s.uploads <- struct{}{}:
		defer func() { <-s.uploads }()
	case <-patience.C:
		return uuid.Nil, false, idempotency.InProgress()
	case <-ctx.Done():
		return uuid.Nil, false, ctx.Err()
	}
	// A file can be read once: done twice, the second time it is empty.
	err = faults.Point(ctx, "payroll.accept", func(ctx context.Context) error {
		run, replayed, err = s.upload(ctx, request, period, file)
		return err
	})
	// Waited too long for another that has this key, or whose run just begins.
	if postgres.LockTimeout(err) {
		err = idempotency.InProgress()
	}
	return run, replayed, err
}

// upload is one transaction: either the whole file is there, with a run that
// has begun, its chunks to be sent and the key recorded, or nothing is. When the
// key is known, it returns the run that was made then.
func (s *server) upload(ctx context.Context, request idempotency.Request, period payroll.Period, file io.Reader) (run uuid.UUID, replayed bool, err error) {
	fingerprint := sha256.New()
	fmt.Fprintln(fingerprint, period)
	// Not InTx, which would read the file again when it tries again.
	err = pgx.BeginFunc(ctx, s.db, func(tx pgx.Tx) error {
		sheet, err := payroll.ReadTimesheet(io.TeeReader(file, fingerprint))
		if err != nil {
			return err
		}
		if err := wages.Upload(ctx, tx, sheet); err != nil {
			return err
		}
		run, request.Fingerprint = uuid.Must(uuid.NewV7()), fingerprint.Sum(nil)
		err = idempotency.Record(ctx, tx, request, run)
		if errors.Is(err, idempotency.ErrTaken) {
			run, replayed, err = idempotency.Find(ctx, tx, request)
			return err
		}
		if err != nil {
			return err
		}
		return s.begin(ctx, tx, run, period, request.At)
	})
	return run, replayed, err
}

// begin begins the run of the file that was uploaded in tx, and has its chunks
// sent to the workers. With nobody to pay, that is also its end.
func (s *server) begin(ctx context.Context, tx pgx.Tx, run uuid.UUID, period payroll.Period, at time.Time) error {
	if err := wages.Begin(ctx, tx, run, period, at); err != nil {
		return err
	}
	if err := wages.Accept(ctx, tx, run); err != nil {
		return err
	}
	chunks, err := wages.Chunks(ctx, tx, run, s.chunk)
	if err != nil {
		return err
	}
	if len(chunks) == 0 {
		return wages.Complete(ctx, tx, run, at)
	}
	for _, c := range chunks {
		due := &eventsv1.PayrollChunkDue{RunId: run.String(), First: c.First, Last: c.Last}
		if err := outbox.Add(ctx, tx, s.topic.Name, due.RunId+" "+due.First, due); err != nil {
			return err
		}
	}
	return nil
}
