package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"

	"triptych/domain/payroll"
	"triptych/internal/inbox"
	"triptych/internal/kafka"
	"triptych/internal/outbox"
	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
	"triptych/internal/rpc/rpctest"
	payrollv1 "triptych/proto/payroll/v1"
	"triptych/store/idempotency"
	wages "triptych/store/payroll"
)

// longEnough is how long a test waits for what must happen.
const longEnough = time.Minute

var schemas = []postgres.Schema{wages.Schema, idempotency.Schema, outbox.Schema, inbox.Schema}

// open returns a payroll in a database of its own, whose chunks nobody pays, and
// the gateway's connection to it.
func open(t testing.TB) (*server, payrollv1.PayrollClient) {
	t.Helper()
	p := newServer(pgtest.New(t, schemas...))
	conn := rpctest.Serve(t, "payroll", "gateway", func(r grpc.ServiceRegistrar) { payrollv1.RegisterPayrollServer(r, p) })
	return p, payrollv1.NewPayrollClient(conn)
}

func employ(t testing.TB, c payrollv1.PayrollClient, ids ...string) {
	t.Helper()
	for _, id := range ids {
		e := &payrollv1.Employee{Id: id, Name: "Name of " + id, TaxCode: "1257L", NiCategory: "A", Hourly: 2000, PensionPercent: 5}
		if _, err := c.PutEmployee(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
}

// staff employs n people and returns a timesheet with a row of each: the first
// has worked 100 hours, the next 101, and so on.
func staff(t testing.TB, c payrollv1.PayrollClient, n int) (file string) {
	t.Helper()
	file = payroll.Header + "\n"
	for i := range n {
		id := fmt.Sprintf("emp-%03d", i)
		employ(t, c, id)
		file += fmt.Sprintf("%s,%d,0\n", id, 100+i)
	}
	return file
}

func sheet(rows ...string) string { return payroll.Header + "\n" + strings.Join(rows, "\n") + "\n" }

// start uploads a timesheet in many pieces.
func start(ctx context.Context, c payrollv1.PayrollClient, key, period, file string) (*payrollv1.StartRunResponse, error) {
	stream, err := begin(ctx, c, key, period)
	if err != nil {
		return nil, err
	}
	for piece := range slices.Chunk([]byte(file), max(7, len(file)/100)) {
		if err := send(stream, piece); err != nil {
			break // the answer is there before the file was sent
		}
	}
	return stream.CloseAndRecv()
}

type upload = grpc.ClientStreamingClient[payrollv1.StartRunRequest, payrollv1.StartRunResponse]

var somebody = uuid.Must(uuid.NewV7()).String()

func begin(ctx context.Context, c payrollv1.PayrollClient, key, period string) (upload, error) {
	stream, err := c.StartRun(ctx)
	if err != nil {
		return nil, err
	}
	b := &payrollv1.StartRunRequest_Begin{AccountId: somebody, Key: key, Period: period}
	if err := stream.Send(&payrollv1.StartRunRequest{Part: &payrollv1.StartRunRequest_Begin_{Begin: b}}); err != nil && err != io.EOF {
		return nil, err
	}
	return stream, nil
}

func send(stream upload, piece []byte) error {
	return stream.Send(&payrollv1.StartRunRequest{Part: &payrollv1.StartRunRequest_Piece{Piece: piece}})
}

// started begins a run that must begin.
func started(t testing.TB, c payrollv1.PayrollClient, period, file string) *payrollv1.Run {
	t.Helper()
	r, err := start(t.Context(), c, uuid.NewString(), period, file)
	if err != nil || r.Replayed {
		t.Fatalf("run for %s: %v, %v", period, r, err)
	}
	return r.Run
}

// due returns the events that nobody has sent, as a worker gets them.
func due(t testing.TB, p *server) []kafka.Message {
	t.Helper()
	rows, err := p.db.Query(t.Context(), `SELECT aggregatetype, event_id, aggregateid, type, payload FROM outbox ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	messages, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m kafka.Message, err error) {
		err = row.Scan(&m.Topic, &m.ID, &m.Key, &m.Type, &m.Value)
		return m, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return messages
}

// handle has the worker handle messages that it must be able to handle.
func handle(t testing.TB, p *server, messages ...kafka.Message) {
	t.Helper()
	for _, m := range messages {
		if err := p.handle(t.Context(), m); err != nil {
			t.Errorf("handle %s: %v", m.Key, err)
		}
	}
}

func get(t testing.TB, c payrollv1.PayrollClient, id string) *payrollv1.Run {
	t.Helper()
	r, err := c.GetRun(t.Context(), &payrollv1.RunRequest{Id: id})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ended watches a run until it has ended.
func ended(t testing.TB, c payrollv1.PayrollClient, id string) *payrollv1.Run {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longEnough)
	defer cancel()
	stream, err := c.WatchRun(ctx, &payrollv1.RunRequest{Id: id})
	if err != nil {
		t.Fatal(err)
	}
	var last *payrollv1.Run
	for {
		r, err := stream.Recv()
		if err == io.EOF {
			return last
		}
		if err != nil {
			t.Fatalf("watch run %s, which was %v: %v", id, last, err)
		}
		last = r
	}
}

// checkPaid checks that the run has ended with n payslips, whose sums are the
// run's, and, for the file of staff, those of an undisturbed run.
func checkPaid(t testing.TB, c payrollv1.PayrollClient, id string, n int) {
	t.Helper()
	r := get(t, c, id)
	list, err := c.ListPayslips(t.Context(), &payrollv1.ListPayslipsRequest{RunId: id, Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	gross := int64(0)
	for _, s := range list.Payslips {
		gross += s.Totals.Gross
	}
	want := int64(n*100+n*(n-1)/2) * 2000
	if r.Status != wages.Completed || int(r.Payslips) != n || len(list.Payslips) != n || gross != want || r.Totals.Gross != want {
		t.Errorf("the run is %s and counts %d payslips over %d; there are %d over %d; want completed, %d over %d",
			r.Status, r.Payslips, r.Totals.Gross, len(list.Payslips), gross, n, want)
	}
}
