package main

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"triptych/api"
	picturesv1 "triptych/proto/pictures/v1"
)

// gallery implements api.Pictures.
type gallery struct {
	service picturesv1.PicturesClient
	until   atomic.Int64 // in Unix nanoseconds: nobody asks what products show before
}

// Whoever looks at products is not to wait for pictures that hang. When asking
// what products show has failed and taken long, nobody asks again for a while. A
// service that is down costs no time, and is asked always.
const (
	tooLong = time.Second
	pause   = time.Second
)

var errHung = errors.New("the pictures did not answer a moment ago")

// processing is the status of a picture that is not final.
const processing = "processing"

// PutPicture implements api.Pictures. Once the picture is accepted, nothing
// that goes wrong while waiting says otherwise.
func (g *gallery) PutPicture(ctx context.Context, sku, mediaType string, data []byte, wait time.Duration) (api.PictureState, error) {
	p, err := g.upload(ctx, sku, mediaType, data)
	if err != nil {
		return api.PictureState{}, err
	}
	if wait > 0 && p.Status == processing {
		later, _ := g.watch(ctx, wait, &picturesv1.WatchRequest{Which: &picturesv1.WatchRequest_Id{Id: p.Id}})
		if later != nil {
			p = later
		}
	}
	return fromPicture(p)
}

func (g *gallery) upload(ctx context.Context, sku, mediaType string, data []byte) (*picturesv1.Picture, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := g.service.Upload(ctx)
	if err != nil {
		return nil, err
	}
	begin := &picturesv1.UploadRequest_Begin{Sku: sku, MediaType: mediaType}
	_ = stream.Send(&picturesv1.UploadRequest{Part: &picturesv1.UploadRequest_Begin_{Begin: begin}}) // its error comes again with the answer
	return upload(stream, bytes.NewReader(data), func(piece []byte) *picturesv1.UploadRequest {
		return &picturesv1.UploadRequest{Part: &picturesv1.UploadRequest_Piece{Piece: piece}}
	})
}

// Picture implements api.Pictures. The largest JPEG of 1200 × 1200 pixels, one of
// noise, has 1.4 MB, well below what one message may have.
func (g *gallery) Picture(ctx context.Context, id uuid.UUID, size string) (jpeg []byte, tag string, err error) {
	p, err := g.service.GetJPEG(ctx, &picturesv1.GetJPEGRequest{Id: id.String(), Size: size})
	return p.GetData(), p.GetTag(), err
}

// shown returns what each of those products shows.
func (g *gallery) shown(ctx context.Context, skus []string) (map[string]*api.PictureState, error) {
	began := time.Now()
	if began.UnixNano() < g.until.Load() {
		return nil, errHung
	}
	found, err := g.service.GetShown(ctx, &picturesv1.GetShownRequest{Skus: skus})
	if err != nil {
		if time.Since(began) >= tooLong && ctx.Err() == nil {
			g.until.Store(time.Now().Add(pause).UnixNano())
		}
		return nil, err
	}
	shown := make(map[string]*api.PictureState, len(found.Pictures))
	for _, p := range found.Pictures {
		state, err := fromPicture(p)
		if err != nil {
			return nil, err
		}
		shown[p.Sku] = &state
	}
	return shown, nil
}

// awaitNewest waits until the newest upload of a product is final. When there
// is none, or the service cannot be asked, there is nothing to wait for.
func (g *gallery) awaitNewest(ctx context.Context, sku string, wait time.Duration) {
	_, _ = g.watch(ctx, wait, &picturesv1.WatchRequest{Which: &picturesv1.WatchRequest_Sku{Sku: sku}})
}

func (g *gallery) watch(ctx context.Context, wait time.Duration, which *picturesv1.WatchRequest) (*picturesv1.Picture, error) {
	return follow(ctx, wait, func(ctx context.Context) (grpc.ServerStreamingClient[picturesv1.Picture], error) {
		return g.service.Watch(ctx, which)
	})
}
