package main

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/emptypb"

	"triptych/domain/fault"
	"triptych/domain/money"
	"triptych/domain/payment"
	"triptych/internal/faults"
	"triptych/internal/postgres"
	"triptych/internal/rpc"
	paymentsv1 "triptych/proto/payments/v1"
	"triptych/store/authorisations"
	"triptych/store/payments"
	"triptych/store/processor"
)

// server serves Payments. What it did, it has stored in the transaction that did
// it, so that it answers who asks again as it did the first time.
type server struct {
	paymentsv1.UnimplementedPaymentsServer
	db       *pgxpool.Pool
	lifetime time.Duration // of an authorisation
}

// Authorise implements paymentsv1.PaymentsServer. It asks the processor with no
// transaction open, for that may take long. Who asks again meanwhile has it ask
// again: it says the same, and the first answer that is stored stands.
func (s *server) Authorise(ctx context.Context, in *paymentsv1.AuthoriseRequest) (*paymentsv1.AuthoriseResponse, error) {
	id, err := rpc.ParseID("order_id", in.OrderId)
	if err != nil {
		return nil, err
	}
	total, vat := money.Amount(in.Total), money.Amount(in.Vat)
	if vat <= 0 || total <= vat {
		return nil, fault.NewInvalid("/vat", "must be more than 0 and less than the total")
	}
	a, ok, err := authorisations.Get(ctx, s.db, id)
	if err == nil && !ok {
		a, err = s.authorise(ctx, id, in.Token, total, vat)
	}
	return &paymentsv1.AuthoriseResponse{Approved: a.Good(), Detail: a.Detail}, err
}

func (s *server) authorise(ctx context.Context, id uuid.UUID, token string, total, vat money.Amount) (a payment.Authorisation, err error) {
	d, err := payments.Authorise(ctx, token)
	if err != nil {
		return a, err
	}
	err = faults.Point(ctx, "payments.authorise", func(ctx context.Context) error {
		return postgres.InTx(ctx, s.db, func(tx pgx.Tx) error {
			a = d.Authorisation(id, total, vat, postgres.Now(), s.lifetime)
			inserted, err := authorisations.Insert(ctx, tx, a)
			if err != nil {
				return err
			}
			if inserted {
				return settle(ctx, tx, a)
			}
			a, _, err = authorisations.Get(ctx, tx, id)
			return err
		})
	})
	return a, err
}

// Capture implements paymentsv1.PaymentsServer.
func (s *server) Capture(ctx context.Context, in *paymentsv1.CaptureRequest) (*paymentsv1.CaptureResponse, error) {
	var a payment.Authorisation
	err := faults.Point(ctx, "payments.capture", func(ctx context.Context) (err error) {
		a, err = s.change(ctx, in.OrderId, func(a *payment.Authorisation) error {
			a.Capture(postgres.Now())
			return nil
		})
		return err
	})
	return &paymentsv1.CaptureResponse{Captured: a.Good(), Detail: a.Detail}, err
}

// Void implements paymentsv1.PaymentsServer.
func (s *server) Void(ctx context.Context, in *paymentsv1.VoidRequest) (*emptypb.Empty, error) {
	err := faults.Point(ctx, "payments.void", func(ctx context.Context) error {
		_, err := s.change(ctx, in.OrderId, (*payment.Authorisation).Void)
		return err
	})
	return &emptypb.Empty{}, err
}

// Refund implements paymentsv1.PaymentsServer.
func (s *server) Refund(ctx context.Context, in *paymentsv1.RefundRequest) (*emptypb.Empty, error) {
	err := faults.Point(ctx, "payments.refund", func(ctx context.Context) error {
		_, err := s.change(ctx, in.OrderId, (*payment.Authorisation).Refund)
		return err
	})
	return &emptypb.Empty{}, err
}

// change moves an order's payment on, in one transaction with all that it
// entails, and returns it as it is then.
func (s *server) change(ctx context.Context, order string, move func(*payment.Authorisation) error) (a payment.Authorisation, err error) {
	id, err := rpc.ParseID("order_id", order)
	if err != nil {
		return a, err
	}
	err = postgres.InTx(ctx, s.db, func(tx pgx.Tx) (err error) {
		if a, err = authorisations.Lock(ctx, tx, id); err != nil {
			return err
		}
		was := a.Status
		if err := move(&a); err != nil || a.Status == was {
			return err
		}
		if err := authorisations.Update(ctx, tx, a); err != nil {
			return err
		}
		return settle(ctx, tx, a)
	})
	return a, err
}

// settle has the processor do what a payment's new status asks for, and books it.
func settle(ctx context.Context, tx pgx.Tx, a payment.Authorisation) error {
	if err := processor.Tell(ctx, tx, a.Order, a.Status, a.Total); err != nil {
		return err
	}
	if j, moves := a.Journal(); moves {
		return payments.Book(ctx, tx, j)
	}
	return nil
}
