// Command reports answers what was sold, from a projection of its own of the
// events of orders, which can be made again from the log at any time.
package main

import (
	"context"

	"triptych/internal/inbox"
	"triptych/internal/kafka"
	"triptych/internal/service"
	"triptych/internal/service/broker"
	eventsv1 "triptych/proto/events/v1"
	reportsv1 "triptych/proto/reports/v1"
	"triptych/store/reports"
)

func main() { service.Main("reports", run, service.Needs("DATABASE_URL", "KAFKA_BROKERS")) }

// orders is the log of what happened to orders. All of it is kept.
var orders = kafka.Topic{Name: eventsv1.OrdersTopic, Partitions: 6}

func run(ctx context.Context, s *service.Service) error {
	db, err := s.Database(ctx, reports.Schema, inbox.Schema)
	if err != nil {
		return err
	}
	log, err := broker.Open(s, orders)
	if err != nil {
		return err
	}
	p := newProjector(db, log)
	s.Go(p.run)
	reportsv1.RegisterReportsServer(s.Server, &server{db: db, log: log, projector: p})
	return s.Serve(ctx)
}
