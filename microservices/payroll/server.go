package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"

	"triptych/domain/fault"
	"triptych/internal/inbox"
	"triptych/internal/kafka"
	"triptych/internal/news"
	"triptych/internal/postgres"
	"triptych/internal/rpc"
	eventsv1 "triptych/proto/events/v1"
	payrollv1 "triptych/proto/payroll/v1"
	"triptych/store/idempotency"
	wages "triptych/store/payroll"
)

// server serves Payroll, and handles the chunks of its runs.
type server struct {
	payrollv1.UnimplementedPayrollServer

	db       *pgxpool.Pool
	wake     func() // says that there are events to send
	news     *news.News
	uploads  chan struct{} // a place for each upload at once: each holds a connection as long as its client sends
	patience time.Duration // of an upload that waits for a place
	chunk    int           // payslips in one transaction

	topic kafka.Topic // of the chunks
	group string      // the workers' consumer group
}

const (
	maxUploads   = 2
	payrollChunk = 1000
)

func newServer(db *pgxpool.Pool) *server {
	return &server{
		db:       db,
		wake:     func() {},
		news:     news.New(),
		uploads:  make(chan struct{}, maxUploads),
		patience: turnTimeout,
		chunk:    payrollChunk,
		topic:    kafka.Topic{Name: eventsv1.PayrollTopic, Partitions: 6, Retention: 7 * 24 * time.Hour},
		group:    "payroll",
	}
}

// PutEmployee implements payrollv1.PayrollServer.
func (s *server) PutEmployee(ctx context.Context, in *payrollv1.Employee) (*payrollv1.PutEmployeeResponse, error) {
	e := fromEmployee(in)
	if err := e.Validate(); err != nil {
		return nil, err
	}
	created, err := wages.PutEmployee(ctx, s.db, e)
	return &payrollv1.PutEmployeeResponse{Created: created}, err
}

// ListEmployees implements payrollv1.PayrollServer.
func (s *server) ListEmployees(ctx context.Context, in *payrollv1.ListEmployeesRequest) (*payrollv1.Employees, error) {
	limit, err := rpc.ParseLimit(in.Limit)
	if err != nil {
		return nil, err
	}
	list, err := wages.Employees(ctx, s.db, in.After, limit)
	return &payrollv1.Employees{Employees: each(list, toEmployee)}, err
}

// GetRun implements payrollv1.PayrollServer.
func (s *server) GetRun(ctx context.Context, in *payrollv1.RunRequest) (*payrollv1.Run, error) {
	id, err := rpc.ParseID("id", in.Id)
	if err != nil {
		return nil, err
	}
	r, err := s.find(ctx, id)
	return toRun(r), err
}

// WatchRun implements payrollv1.PayrollServer.
func (s *server) WatchRun(in *payrollv1.RunRequest, stream grpc.ServerStreamingServer[payrollv1.Run]) error {
	id, err := rpc.ParseID("id", in.Id)
	if err != nil {
		return err
	}
	return news.Watch(stream.Context(), s.news, id, func() (wages.Run, bool, error) {
		r, err := s.find(stream.Context(), id)
		return r, r.Status != wages.Running, err
	}, func(r wages.Run) error { return stream.Send(toRun(r)) })
}

// ListPayslips implements payrollv1.PayrollServer.
func (s *server) ListPayslips(ctx context.Context, in *payrollv1.ListPayslipsRequest) (*payrollv1.Payslips, error) {
	id, err := rpc.ParseID("run_id", in.RunId)
	if err != nil {
		return nil, err
	}
	limit, err := rpc.ParseLimit(in.Limit)
	if err != nil {
		return nil, err
	}
	r, err := s.find(ctx, id)
	if err != nil {
		return nil, err
	}
	slips, err := wages.Payslips(ctx, s.db, r, in.After, limit)
	return &payrollv1.Payslips{Payslips: each(slips, toPayslip)}, err
}

// find returns a run.
func (s *server) find(ctx context.Context, id uuid.UUID) (wages.Run, error) {
	r, ok, err := wages.Find(ctx, s.db, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "not_found", "there is no such payroll run")
	}
	return r, err
}

// handledFor is how long it is known which messages were handled: longer than
// any is kept that may come again.
const handledFor = 30 * 24 * time.Hour

// tidy deletes what has lost its use.
func (s *server) tidy(ctx context.Context) {
	if err := idempotency.Forget(ctx, s.db, postgres.Now()); err != nil {
		slog.WarnContext(ctx, "old idempotency keys stay", "err", err)
	}
	if _, err := inbox.Forget(ctx, s.db, postgres.Now().Add(-handledFor)); err != nil {
		slog.WarnContext(ctx, "messages handled long ago stay", "err", err)
	}
}
