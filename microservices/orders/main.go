// Command orders takes orders and brings each to its end, by a saga over the
// services for payments and stock. It keeps the carts too: an order that is
// confirmed empties its cart in the same transaction.
package main

import (
	"context"
	"errors"
	"time"

	"triptych/internal/kafka"
	"triptych/internal/outbox"
	"triptych/internal/postgres"
	"triptych/internal/service"
	"triptych/internal/service/broker"
	cartsv1 "triptych/proto/carts/v1"
	cataloguev1 "triptych/proto/catalogue/v1"
	eventsv1 "triptych/proto/events/v1"
	ordersv1 "triptych/proto/orders/v1"
	paymentsv1 "triptych/proto/payments/v1"
	stockv1 "triptych/proto/stock/v1"
	"triptych/store/carts"
	"triptych/store/idempotency"
	"triptych/store/orders"
)

// schemas are the tables of this service.
var schemas = []postgres.Schema{orders.Schema, carts.Schema, idempotency.Schema, sagas, outbox.Schema}

// events are kept for ever: they are what reports are rebuilt from.
var events = kafka.Topic{Name: eventsv1.OrdersTopic, Partitions: 6}

func main() { service.Main("orders", run, service.Needs("DATABASE_URL", "KAFKA_BROKERS")) }

func run(ctx context.Context, s *service.Service) error {
	s.Connections = 24 // sagas and requests share them
	db, err := s.Database(ctx, schemas...)
	if err != nil {
		return err
	}
	log, err := broker.Open(s, events)
	if err != nil {
		return err
	}
	products, err1 := s.Dial("catalogue")
	payments, err2 := s.Dial("payments")
	stock, err3 := s.Dial("stock")
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	shop := catalogue{cataloguev1.NewCatalogueClient(products)}
	relay := outbox.NewRelay(db, log)
	server := newServer(db, shop, others{paymentsv1.NewPaymentsClient(payments), stockv1.NewStockClient(stock)}, relay.Wake)
	ordersv1.RegisterOrdersServer(s.Server, server)
	cartsv1.RegisterCartsServer(s.Server, &cartServer{db: db, catalogue: shop})
	s.Go(relay.Run)
	s.Go(server.loop.run)
	s.Every(10*time.Minute, server.tidy)
	return s.Serve(ctx)
}
