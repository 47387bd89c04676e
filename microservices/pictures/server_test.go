package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"triptych/domain/picture/picturetest"
	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/outbox"
	"triptych/internal/postgres/pgtest"
	"triptych/internal/rpc/rpctest"
	"triptych/internal/waittest"
	cataloguev1 "triptych/proto/catalogue/v1"
	eventsv1 "triptych/proto/events/v1"
	picturesv1 "triptych/proto/pictures/v1"
	"triptych/store/pictures"
)

// longEnough is how long a test waits for what must happen.
const longEnough = time.Minute

// shop is a catalogue with one product, TEA.
type shop struct {
	cataloguev1.UnimplementedCatalogueServer
}

func (shop) GetProducts(_ context.Context, in *cataloguev1.GetProductsRequest) (*cataloguev1.Products, error) {
	found := &cataloguev1.Products{}
	if slices.Contains(in.Skus, "TEA") {
		found.Products = append(found.Products, &cataloguev1.Product{Sku: "TEA"})
	}
	return found, nil
}

// open returns the pictures in a database of their own, with nobody who
// processes them, and the gateway's connection to them.
func open(t testing.TB) (*server, picturesv1.PicturesClient) {
	t.Helper()
	catalogue := rpctest.Serve(t, "catalogue", "pictures", func(r grpc.ServiceRegistrar) { cataloguev1.RegisterCatalogueServer(r, shop{}) })
	g := newServer(pgtest.New(t, pictures.Schema, outbox.Schema), cataloguev1.NewCatalogueClient(catalogue))
	conn := rpctest.Serve(t, "pictures", "gateway", func(r grpc.ServiceRegistrar) { picturesv1.RegisterPicturesServer(r, g) })
	return g, picturesv1.NewPicturesClient(conn)
}

// openWithLog is open with a topic and a group of the test's own, to which
// what was uploaded is sent.
func openWithLog(t testing.TB) (*server, picturesv1.PicturesClient, *kafka.Client) {
	t.Helper()
	g, c := open(t)
	g.topic.Name, g.group = kafkatest.Name(t, g.topic.Name), kafkatest.Name(t, g.group)
	log, err := kafka.Open(kafkatest.Brokers(t), g.topic)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	relay := outbox.NewRelay(g.db, log)
	g.wake = relay.Wake
	waittest.Beside(t, relay.Run)
	return g, c, log
}

// process lets a resizer work, which tries again soon.
func process(t testing.TB, r *resizer, log *kafka.Client) {
	t.Helper()
	c := r.consumer()
	c.Delay = func(int) time.Duration { return 10 * time.Millisecond }
	waittest.Beside(t, func(ctx context.Context) error { return log.Consume(ctx, c) })
}

type stream = grpc.ClientStreamingClient[picturesv1.UploadRequest, picturesv1.Picture]

func begin(ctx context.Context, c picturesv1.PicturesClient, sku, mediaType string) (stream, error) {
	s, err := c.Upload(ctx)
	if err != nil {
		return nil, err
	}
	b := &picturesv1.UploadRequest_Begin{Sku: sku, MediaType: mediaType}
	if err := s.Send(&picturesv1.UploadRequest{Part: &picturesv1.UploadRequest_Begin_{Begin: b}}); err != nil && err != io.EOF {
		return nil, err
	}
	return s, nil
}

func send(s stream, piece []byte) error {
	return s.Send(&picturesv1.UploadRequest{Part: &picturesv1.UploadRequest_Piece{Piece: piece}})
}

// upload uploads a JPEG in pieces.
func upload(ctx context.Context, c picturesv1.PicturesClient, sku string, data []byte) (*picturesv1.Picture, error) {
	s, err := begin(ctx, c, sku, "image/jpeg")
	if err != nil {
		return nil, err
	}
	for piece := range slices.Chunk(data, 10_000) {
		if err := send(s, piece); err != nil {
			break // the answer is there before the file was sent
		}
	}
	return s.CloseAndRecv()
}

// uploaded uploads a picture of TEA that must be accepted.
func uploaded(t testing.TB, c picturesv1.PicturesClient, data []byte) (id string) {
	t.Helper()
	p, err := upload(t.Context(), c, "TEA", data)
	if err != nil || p.Status != "processing" || p.Sku != "TEA" {
		t.Fatalf("upload: %v, %v", p, err)
	}
	return p.Id
}

func tea() []byte { return picturetest.JPEG(picturetest.Quarters(640, 480)) }

// message is the event of a picture, as a resizer gets it.
func message(t testing.TB, id string) kafka.Message {
	t.Helper()
	value, err := proto.Marshal(&eventsv1.PictureUploaded{PictureId: id})
	if err != nil {
		t.Fatal(err)
	}
	return kafka.Message{ID: uuid.New(), Type: "events.v1.PictureUploaded", Value: value, Attempt: 1}
}

// final watches what which names until it is final, and says what it has seen.
func final(t testing.TB, c picturesv1.PicturesClient, which *picturesv1.WatchRequest) (last *picturesv1.Picture, seen []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longEnough)
	defer cancel()
	s, err := c.Watch(ctx, which)
	for err == nil {
		var p *picturesv1.Picture
		if p, err = s.Recv(); err == nil {
			last, seen = p, append(seen, p.Status)
		}
	}
	if err != io.EOF {
		t.Fatalf("watch %v, seen %v: %v", which, seen, err)
	}
	return last, seen
}

func byID(id string) *picturesv1.WatchRequest {
	return &picturesv1.WatchRequest{Which: &picturesv1.WatchRequest_Id{Id: id}}
}

func bySKU(sku string) *picturesv1.WatchRequest {
	return &picturesv1.WatchRequest{Which: &picturesv1.WatchRequest_Sku{Sku: sku}}
}

// described says how a picture is in a word.
func described(p *picturesv1.Picture) string { return fmt.Sprint(p.Status, " ", p.ReasonCode) }
