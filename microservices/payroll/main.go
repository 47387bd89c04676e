// Command payroll is the service of the monthly wages. A run is computed by all
// processes of this service together: its employees are divided into chunks,
// each an event of the topic payroll, and the partitions of the topic are shared
// out among the processes.
package main

import (
	"context"
	"time"

	"triptych/internal/inbox"
	"triptych/internal/outbox"
	"triptych/internal/service"
	"triptych/internal/service/broker"
	payrollv1 "triptych/proto/payroll/v1"
	"triptych/store/idempotency"
	wages "triptych/store/payroll"
)

// workers is how many chunks a process pays at once.
const workers = 2

func main() { service.Main("payroll", run, service.Needs("DATABASE_URL", "KAFKA_BROKERS")) }

func run(ctx context.Context, s *service.Service) error {
	db, err := s.Database(ctx, wages.Schema, idempotency.Schema, outbox.Schema, inbox.Schema)
	if err != nil {
		return err
	}
	server := newServer(db)
	log, err := broker.Open(s, server.topic)
	if err != nil {
		return err
	}
	relay := outbox.NewRelay(db, log)
	server.wake = relay.Wake
	s.Go(relay.Run)
	payrollv1.RegisterPayrollServer(s.Server, server)
	for range workers {
		s.Go(func(ctx context.Context) error { return log.Consume(ctx, server.worker()) })
	}
	s.Every(10*time.Minute, server.tidy)
	return s.Serve(ctx)
}
