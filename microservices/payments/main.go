// Command payments takes money and gives it back: it keeps the ledger, and is
// the only one that talks to the (simulated) card processor.
package main

import (
	"context"
	"time"

	"triptych/domain/payment"
	"triptych/internal/service"
	paymentsv1 "triptych/proto/payments/v1"
	"triptych/store/authorisations"
	"triptych/store/payments"
	"triptych/store/processor"
)

func main() { service.Main("payments", run) }

func run(ctx context.Context, s *service.Service) error {
	lifetime, err := time.ParseDuration(s.Env.String("AUTHORISATION_LIFETIME", payment.Lifetime.String()))
	if err != nil || lifetime <= 0 {
		s.Env.Complain("AUTHORISATION_LIFETIME must be a time such as 168h")
	}
	db, err := s.Database(ctx, payments.Schema, authorisations.Schema, processor.Schema)
	if err != nil {
		return err
	}
	paymentsv1.RegisterPaymentsServer(s.Server, &server{db: db, lifetime: lifetime})
	return s.Serve(ctx)
}
