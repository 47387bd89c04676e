package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"

	"triptych/domain/fault"
	"triptych/domain/payment"
	"triptych/internal/postgres/pgtest"
	"triptych/internal/rpc/rpctest"
	paymentsv1 "triptych/proto/payments/v1"
	"triptych/store/authorisations"
	"triptych/store/payments"
	"triptych/store/processor"
)

// A desk is the service with a database of the test's own, called as orders
// calls it.
type desk struct {
	calls paymentsv1.PaymentsClient
	db    *pgxpool.Pool
}

func open(t testing.TB, lifetime time.Duration) *desk {
	t.Helper()
	s := &server{db: pgtest.New(t, payments.Schema, authorisations.Schema, processor.Schema), lifetime: lifetime}
	c := rpctest.Serve(t, "payments", "orders", func(r grpc.ServiceRegistrar) { paymentsv1.RegisterPaymentsServer(r, s) })
	return &desk{paymentsv1.NewPaymentsClient(c), s.db}
}

// call makes a call about an order and returns what came of it in a word: yes,
// no with the reason why not, ok, or the code of a fault.
func (d *desk) call(order uuid.UUID, what string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var good bool
	var detail string
	var err error
	switch what {
	case "capture":
		var r *paymentsv1.CaptureResponse
		r, err = d.calls.Capture(ctx, &paymentsv1.CaptureRequest{OrderId: order.String()})
		good, detail = r.GetCaptured(), r.GetDetail()
	case "void":
		_, err = d.calls.Void(ctx, &paymentsv1.VoidRequest{OrderId: order.String()})
		detail = "ok"
	case "refund":
		_, err = d.calls.Refund(ctx, &paymentsv1.RefundRequest{OrderId: order.String()})
		detail = "ok"
	default:
		var r *paymentsv1.AuthoriseResponse
		r, err = d.calls.Authorise(ctx, &paymentsv1.AuthoriseRequest{OrderId: order.String(), Token: what, Total: 3544, Vat: 591})
		good, detail = r.GetApproved(), r.GetDetail()
	}
	switch {
	case err != nil:
		return fault.From(err).Code
	case good && detail == "":
		return "yes"
	default:
		return detail
	}
}

// told returns what the processor was told about an order.
func (d *desk) told(t testing.TB, order uuid.UUID) string {
	t.Helper()
	rows, _ := d.db.Query(context.Background(), `SELECT kind FROM processor_log WHERE order_id = $1 ORDER BY id`, order)
	kinds, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(kinds, " ")
}

// check holds the books of every order against what the processor was told, and
// both against what has become of the payment.
func (d *desk) check(t testing.TB) {
	t.Helper()
	rows, err := d.db.Query(context.Background(), `
		SELECT a.order_id, a.status, a.total, coalesce(booked.owed, 0), coalesce(booked.sum, 0),
			coalesce(told.owed, 0), coalesce(told.captures, 0), coalesce(told.refunds, 0)
		FROM authorisations a
		FULL JOIN (
			SELECT order_id, sum(amount) AS sum, sum(amount) FILTER (WHERE ledger = 'card_receivable') AS owed
			FROM ledger_entries GROUP BY order_id) booked USING (order_id)
		FULL JOIN (
			SELECT order_id, sum(CASE kind WHEN 'capture' THEN amount WHEN 'refund' THEN -amount ELSE 0 END) AS owed,
				count(*) FILTER (WHERE kind = 'capture') AS captures, count(*) FILTER (WHERE kind = 'refund') AS refunds
			FROM processor_log GROUP BY order_id) told USING (order_id)`)
	if err != nil {
		t.Fatal(err)
	}
	var id uuid.UUID
	var status payment.Status
	var total, booked, sum, told, captures, refunds int64
	_, err = pgx.ForEachRow(rows, []any{&id, &status, &total, &booked, &sum, &told, &captures, &refunds}, func() error {
		var owed int64
		if status == payment.Captured {
			owed = total
		}
		if booked != owed || told != owed || sum != 0 || captures > 1 || refunds > captures {
			t.Errorf("order %s is %s: %d booked (sum %d), %d by what the processor was told (%d captures, %d refunds), want %d",
				id, status, booked, sum, told, captures, refunds, owed)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err) // also of an order that has entries and no authorisation
	}
}
