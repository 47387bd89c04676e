package main

import (
	"context"
	"io"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"triptych/api"
	"triptych/domain/payroll"
	"triptych/internal/rest"
	payrollv1 "triptych/proto/payroll/v1"
)

// wages implements api.Payroll.
type wages struct{ service payrollv1.PayrollClient }

// running is the status of a run that has not ended.
const running = "running"

// PutEmployee implements api.Payroll.
func (w wages) PutEmployee(ctx context.Context, e payroll.Employee) (created bool, err error) {
	stored, err := w.service.PutEmployee(ctx, toEmployee(e))
	return stored.GetCreated(), err
}

// Employees implements api.Payroll.
func (w wages) Employees(ctx context.Context, p rest.Page) (rest.List[payroll.Employee], error) {
	found, err := w.service.ListEmployees(ctx, &payrollv1.ListEmployeesRequest{After: p.After, Limit: int32(p.Limit + 1)})
	page := rest.Cut(found.GetEmployees(), p.Limit, (*payrollv1.Employee).GetId)
	list := rest.List[payroll.Employee]{Next: page.Next}
	for _, e := range page.Items {
		list.Items = append(list.Items, fromEmployee(e))
	}
	return list, err
}

// StartRun implements api.Payroll. Once the run has begun, nothing that goes
// wrong while waiting says otherwise.
func (w wages) StartRun(ctx context.Context, by api.Caller, key string, period payroll.Period, file io.Reader, wait time.Duration) (api.Run, bool, error) {
	begun, err := w.begin(ctx, &payrollv1.StartRunRequest_Begin{AccountId: by.Account.String(), Key: key, Period: period.String()}, file)
	if err != nil {
		return api.Run{}, false, err
	}
	r, err := fromRun(begun.Run)
	if err == nil && wait > 0 && r.Status == running {
		if later, err := w.Run(ctx, r.ID, wait); err == nil {
			r = later
		}
	}
	return r, begun.Replayed, err
}

// begin sends the file through as it comes.
func (w wages) begin(ctx context.Context, begin *payrollv1.StartRunRequest_Begin, file io.Reader) (*payrollv1.StartRunResponse, error) {
	ctx, cancel := context.WithCancel(ctx) // so that the service hears of a file that breaks off
	defer cancel()
	stream, err := w.service.StartRun(ctx)
	if err != nil {
		return nil, err
	}
	_ = stream.Send(&payrollv1.StartRunRequest{Part: &payrollv1.StartRunRequest_Begin_{Begin: begin}}) // its error comes again with the answer
	return upload(stream, file, func(piece []byte) *payrollv1.StartRunRequest {
		return &payrollv1.StartRunRequest{Part: &payrollv1.StartRunRequest_Piece{Piece: piece}}
	})
}

// Run implements api.Payroll.
func (w wages) Run(ctx context.Context, id uuid.UUID, wait time.Duration) (api.Run, error) {
	request := &payrollv1.RunRequest{Id: id.String()}
	if wait > 0 {
		last, err := follow(ctx, wait, func(ctx context.Context) (grpc.ServerStreamingClient[payrollv1.Run], error) {
			return w.service.WatchRun(ctx, request)
		})
		if err == nil && last != nil && last.Status != running {
			return fromRun(last)
		}
		// One that still runs has got on since it was sent.
	}
	r, err := w.service.GetRun(ctx, request)
	if err != nil {
		return api.Run{}, err
	}
	return fromRun(r)
}

// Payslips implements api.Payroll.
func (w wages) Payslips(ctx context.Context, run uuid.UUID, p rest.Page) (list rest.List[payroll.Payslip], err error) {
	found, err := w.service.ListPayslips(ctx, &payrollv1.ListPayslipsRequest{RunId: run.String(), After: p.After, Limit: int32(p.Limit + 1)})
	if err != nil {
		return list, err
	}
	all, err := each(found.Payslips, fromPayslip)
	return rest.Cut(all, p.Limit, func(s payroll.Payslip) string { return s.Employee }), err
}
