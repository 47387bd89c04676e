// Command pictures is the service of the products' pictures. It accepts an
// upload and says so in an event; the sizes are made when the event comes round,
// by whichever process of this service has the event's partition.
package main

import (
	"context"
	"time"

	"triptych/domain/picture"
	"triptych/internal/kafka"
	"triptych/internal/outbox"
	"triptych/internal/service"
	cataloguev1 "triptych/proto/catalogue/v1"
	eventsv1 "triptych/proto/events/v1"
	picturesv1 "triptych/proto/pictures/v1"
	"triptych/store/pictures"
)

var topic = kafka.Topic{Name: eventsv1.PicturesTopic, Partitions: 6, Retention: 7 * 24 * time.Hour}

func main() { service.Main("pictures", run) }

func run(ctx context.Context, s *service.Service) error {
	catalogue, err := s.Dial("catalogue")
	if err != nil {
		return err
	}
	db, err := s.Database(ctx, pictures.Schema, outbox.Schema)
	if err != nil {
		return err
	}
	log, err := s.Kafka(ctx, topic)
	if err != nil {
		return err
	}
	relay := outbox.NewRelay(db, log)
	s.Go(relay.Run)
	g := newGallery(db, cataloguev1.NewCatalogueClient(catalogue), relay.Wake)
	picturesv1.RegisterPicturesServer(s.Server, g)
	resizer := newResizer(db, g.news, picture.Process)
	s.Go(func(ctx context.Context) error { return log.Consume(ctx, resizer.consumer()) })
	s.Go(g.tidy)
	return s.Serve(ctx)
}
