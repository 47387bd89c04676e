// Command pictures is the service of the products' pictures. It accepts an
// upload and says so in an event; the sizes are made when the event comes round,
// by whichever process of this service has the event's partition.
package main

import (
	"context"
	"time"

	"triptych/internal/outbox"
	"triptych/internal/service"
	"triptych/internal/service/broker"
	cataloguev1 "triptych/proto/catalogue/v1"
	picturesv1 "triptych/proto/pictures/v1"
	"triptych/store/pictures"
)

func main() { service.Main("pictures", run, service.Needs("DATABASE_URL", "KAFKA_BROKERS")) }

func run(ctx context.Context, s *service.Service) error {
	catalogue, err := s.Dial("catalogue")
	if err != nil {
		return err
	}
	db, err := s.Database(ctx, pictures.Schema, outbox.Schema)
	if err != nil {
		return err
	}
	server := newServer(db, cataloguev1.NewCatalogueClient(catalogue))
	log, err := broker.Open(s, server.topic)
	if err != nil {
		return err
	}
	relay := outbox.NewRelay(db, log)
	server.wake = relay.Wake
	s.Go(relay.Run)
	picturesv1.RegisterPicturesServer(s.Server, server)
	s.Go(func(ctx context.Context) error { return log.Consume(ctx, newResizer(server).consumer()) })
	s.Every(10*time.Minute, server.tidy)
	return s.Serve(ctx)
}
