package main

import (
	"context"
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc"

	"triptych/domain/catalog"
	"triptych/domain/fault"
	"triptych/domain/picture"
	"triptych/internal/faults"
	"triptych/internal/outbox"
	"triptych/internal/postgres"
	"triptych/internal/rpc"
	cataloguev1 "triptych/proto/catalogue/v1"
	eventsv1 "triptych/proto/events/v1"
	picturesv1 "triptych/proto/pictures/v1"
	"triptych/store/pictures"
)

// maxUploads is how many uploads are received at once; more wait. Their clients
// do not notice: what they send waits in between.
const maxUploads = 4

// Upload implements picturesv1.PicturesServer. What cannot be a picture of a
// product is refused as soon as that is known, also while its client still
// sends.
func (s *server) Upload(stream grpc.ClientStreamingServer[picturesv1.UploadRequest, picturesv1.Picture]) error {
	ctx := stream.Context()
	select {
	case s.uploads <- struct{}{}:
		defer func() { <-s.uploads }()
	case <-ctx.Done():
		return ctx.Err()
	}
	first, err := stream.Recv()
	if err != nil {
		return fmt.Errorf("receive what the picture is of: %w", err)
	}
	begin := first.GetBegin()
	if err := s.known(ctx, begin.GetSku()); err != nil {
		return err
	}
	data, err := receive(rpc.Pieces(func() ([]byte, error) {
		m, err := stream.Recv()
		return m.GetPiece(), err
	}))
	if err != nil {
		return err
	}
	info, err := picture.Check(data, begin.GetMediaType())
	if err != nil {
		return err
	}
	stored, err := s.accept(ctx, begin.GetSku(), data, info)
	if err != nil {
		return err
	}
	s.wake()
	return stream.SendAndClose(toPicture(stored))
}

// known returns nil for a product that there is.
func (s *server) known(ctx context.Context, sku string) error {
	found, err := s.catalogue.GetProducts(ctx, &cataloguev1.GetProductsRequest{Skus: []string{sku}})
	if err == nil && len(found.Products) == 0 {
		err = catalog.NoProduct(sku)
	}
	return err
}

// receive reads a file, up to the size that a picture may have.
func receive(file io.Reader) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(file, picture.MaxBytes+1))
	if err == nil && len(data) > picture.MaxBytes {
		err = fault.New(fault.TooLarge, "body_too_large", "the body may have at most %d bytes", picture.MaxBytes)
	}
	return data, err
}

// accept stores an upload, and the event that says so with it.
func (s *server) accept(ctx context.Context, sku string, data []byte, info picture.Info) (stored pictures.State, err error) {
	err = faults.Point(ctx, "pictures.accept", func(ctx context.Context) error {
		id := uuid.Must(uuid.NewV7())
		stored = pictures.State{ID: id, SKU: sku, Status: pictures.Processing}
		return postgres.InTx(ctx, s.db, func(tx pgx.Tx) error {
			if err := pictures.Insert(ctx, tx, id, sku, data, info.Memory()); err != nil {
				return fmt.Errorf("store picture %s of %s: %w", id, sku, err)
			}
			return outbox.Add(ctx, tx, s.topic.Name, id.String(), &eventsv1.PictureUploaded{PictureId: id.String()})
		})
	})
	return stored, err
}
