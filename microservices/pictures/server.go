package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/grpc"

	"triptych/domain/picture"
	"triptych/internal/kafka"
	"triptych/internal/news"
	"triptych/internal/postgres"
	"triptych/internal/rpc"
	cataloguev1 "triptych/proto/catalogue/v1"
	eventsv1 "triptych/proto/events/v1"
	picturesv1 "triptych/proto/pictures/v1"
	"triptych/store/pictures"
)

// replacedFor is how long a picture stays after a newer one has replaced it: its
// address is on pages that are open.
const replacedFor = time.Hour

// server serves Pictures.
type server struct {
	picturesv1.UnimplementedPicturesServer

	db        *pgxpool.Pool
	catalogue cataloguev1.CatalogueClient
	wake      func()        // says that there are events to send
	uploads   chan struct{} // a place for each upload at once: each is whole in memory
	news      *news.News

	topic kafka.Topic // of the uploads
	group string      // the resizers' consumer group
}

func newServer(db *pgxpool.Pool, catalogue cataloguev1.CatalogueClient) *server {
	return &server{
		db:        db,
		catalogue: catalogue,
		wake:      func() {},
		uploads:   make(chan struct{}, maxUploads),
		news:      news.New(),
		topic:     kafka.Topic{Name: eventsv1.PicturesTopic, Partitions: 6, Retention: 7 * 24 * time.Hour},
		group:     "pictures",
	}
}

// GetJPEG implements picturesv1.PicturesServer.
func (s *server) GetJPEG(ctx context.Context, in *picturesv1.GetJPEGRequest) (*picturesv1.JPEG, error) {
	size, err := picture.ParseSize(in.Size)
	if err != nil {
		return nil, err
	}
	id, err := rpc.ParseID("id", in.Id)
	if err != nil {
		return nil, err
	}
	data, tag, err := pictures.JPEG(ctx, s.db, id, string(size))
	return &picturesv1.JPEG{Data: data, Tag: tag}, err
}

// GetShown implements picturesv1.PicturesServer.
func (s *server) GetShown(ctx context.Context, in *picturesv1.GetShownRequest) (*picturesv1.ShownPictures, error) {
	shown, err := pictures.Shown(ctx, s.db, in.Skus)
	out := &picturesv1.ShownPictures{}
	for _, p := range shown {
		out.Pictures = append(out.Pictures, toPicture(p))
	}
	return out, err
}

// Watch implements picturesv1.PicturesServer. Of a product, it is the upload
// that is newest when the watch begins.
func (s *server) Watch(in *picturesv1.WatchRequest, stream grpc.ServerStreamingServer[picturesv1.Picture]) error {
	ctx := stream.Context()
	id, err := s.which(ctx, in)
	if err != nil {
		return err
	}
	return news.Watch(ctx, s.news, id, func() (pictures.State, bool, error) {
		p, err := pictures.Get(ctx, s.db, id)
		return p, p.Status != pictures.Processing, err
	}, func(p pictures.State) error { return stream.Send(toPicture(p)) })
}

func (s *server) which(ctx context.Context, in *picturesv1.WatchRequest) (uuid.UUID, error) {
	if _, ok := in.Which.(*picturesv1.WatchRequest_Sku); !ok {
		return rpc.ParseID("id", in.GetId())
	}
	newest, err := pictures.Newest(ctx, s.db, in.GetSku())
	return newest.ID, err
}

func toPicture(p pictures.State) *picturesv1.Picture {
	return &picturesv1.Picture{
		Id:           p.ID.String(),
		Sku:          p.SKU,
		Status:       string(p.Status),
		ReasonCode:   p.Code,
		ReasonDetail: p.Detail,
	}
}

// tidy deletes replaced pictures.
func (s *server) tidy(ctx context.Context) {
	if err := pictures.Forget(ctx, s.db, postgres.Now().Add(-replacedFor)); err != nil {
		slog.WarnContext(ctx, "replaced pictures stay", "err", err)
	}
}
