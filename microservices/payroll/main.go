// Command payroll is the service of the monthly wages. A run is computed by all
// processes of this service together: its employees are divided into chunks,
// each an event of the topic payroll, and the partitions of the topic are shared
// out among the processes.
package main

import (
	"context"
	"time"

	"triptych/internal/inbox"
	"triptych/internal/kafka"
	"triptych/internal/outbox"
	"triptych/internal/service"
	eventsv1 "triptych/proto/events/v1"
	payrollv1 "triptych/proto/payroll/v1"
	"triptych/store/idempotency"
	wages "triptych/store/payroll"
)

// workers is how many chunks a process pays at once.
const workers = 2

var topic = kafka.Topic{Name: eventsv1.PayrollTopic, Partitions: 6, Retention: 7 * 24 * time.Hour}

func main() { service.Main("payroll", run) }

func run(ctx context.Context, s *service.Service) error {
	db, err := s.Database(ctx, wages.Schema, idempotency.Schema, outbox.Schema, inbox.Schema)
	if err != nil {
		return err
	}
	log, err := s.Kafka(ctx, topic)
	if err != nil {
		return err
	}
	relay := outbox.NewRelay(db, log)
	s.Go(relay.Run)
	p := newPayday(db, relay.Wake)
	payrollv1.RegisterPayrollServer(s.Server, p)
	for range workers {
		s.Go(func(ctx context.Context) error { return log.Consume(ctx, p.consumer()) })
	}
	s.Go(p.tidy)
	return s.Serve(ctx)
}
