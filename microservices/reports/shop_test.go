package main

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"triptych/internal/inbox"
	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/postgres/pgtest"
	"triptych/internal/rpc/rpctest"
	"triptych/internal/waittest"
	eventsv1 "triptych/proto/events/v1"
	reportsv1 "triptych/proto/reports/v1"
	"triptych/store/reports"
)

// A shop is the service with a database and a log of its own.
type shop struct {
	t         *testing.T
	db        *pgxpool.Pool
	log       *kafka.Client
	projector *projector
	server    *server
	client    reportsv1.ReportsClient
}

// open returns a shop whose projector does not run yet.
func open(t *testing.T) *shop {
	t.Helper()
	return openAt(t, kafkatest.Brokers(t))
}

func openAt(t *testing.T, brokers string) *shop {
	t.Helper()
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 6}
	log, err := kafka.Open(brokers, topic)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := log.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := &shop{t: t, db: pgtest.New(t, reports.Schema, inbox.Schema), log: log}
	s.projector = newProjector(s.db, log)
	s.projector.topic, s.projector.name = topic, kafkatest.Name(t, "reports")
	s.projector.delay = func(int) time.Duration { return time.Millisecond }
	s.server = &server{db: s.db, log: log, projector: s.projector}
	s.client = reportsv1.NewReportsClient(s.dial("gateway"))
	return s
}

func (s *shop) dial(caller string) *grpc.ClientConn {
	return rpctest.Serve(s.t, "reports", caller, func(r grpc.ServiceRegistrar) { reportsv1.RegisterReportsServer(r, s.server) })
}

// start runs a projector until the test ends or the function it returns is
// called.
func (s *shop) start(p *projector) (stop func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := p.run(ctx); err != nil {
			s.t.Errorf("the projector: %v", err)
		}
	}()
	stop = func() {
		cancel()
		<-done
	}
	s.t.Cleanup(stop)
	return stop
}

// order is the event of an order of one line that costs so much.
func order(total int64) *eventsv1.OrderConfirmed {
	return &eventsv1.OrderConfirmed{
		OrderId: uuid.NewString(), At: timestamppb.Now(), Total: total, Vat: total / 6,
		Lines: []*eventsv1.SoldLine{{Sku: "TEA", Quantity: 1, Total: total}},
	}
}

// an event of an order, as the outbox sends it.
func (s *shop) event(e interface {
	proto.Message
	GetOrderId() string
}) kafka.Message {
	s.t.Helper()
	value, err := proto.Marshal(e)
	if err != nil {
		s.t.Fatal(err)
	}
	return kafka.Message{
		Topic: s.projector.topic.Name, ID: uuid.New(), Key: e.GetOrderId(), Time: time.Now(),
		Type: string(e.ProtoReflect().Descriptor().FullName()), Value: value,
	}
}

func (s *shop) publish(messages ...kafka.Message) {
	s.t.Helper()
	if err := s.log.Publish(s.t.Context(), messages...); err != nil {
		s.t.Fatal(err)
	}
}

// sales asks for today's report. The day may end meanwhile.
func (s *shop) sales() *reportsv1.SalesReport {
	s.t.Helper()
	now := time.Now().UTC()
	r, err := s.client.Sales(s.t.Context(), &reportsv1.SalesRequest{
		From: now.AddDate(0, 0, -1).Format(time.DateOnly), To: now.AddDate(0, 0, 1).Format(time.DateOnly),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// settled waits until the report is of now, and returns it.
func (s *shop) settled() (r *reportsv1.SalesReport) {
	s.t.Helper()
	asked := time.Now()
	waittest.Until(s.t, "the projection has caught up", func() bool {
		r = s.sales()
		return r.AsOf.AsTime().After(asked)
	})
	return r
}

func (s *shop) rebuild() {
	s.t.Helper()
	if _, err := reportsv1.NewReportsClient(s.dial("operator")).Rebuild(s.t.Context(), &emptypb.Empty{}); err != nil {
		s.t.Fatal(err)
	}
}

// letters returns the dead letters of a generation.
func (s *shop) letters(generation int) (all []kafka.Message) {
	s.t.Helper()
	err := s.log.Scan(s.t.Context(), s.projector.group(generation)+".dead-letters", func(m kafka.Message) error {
		all = append(all, m)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return all
}
