package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/api"
	"triptych/domain/catalog"
	"triptych/domain/fault"
	"triptych/domain/picture"
	"triptych/internal/news"
	"triptych/store/catalogue"
	"triptych/store/pictures"
)

// replacedFor is how long a picture stays after a newer one has replaced it: its
// address is on pages that are open.
const replacedFor = time.Hour

// gallery is the shop's pictures: it accepts uploads, has them processed beside
// the requests, and shows the results.
type gallery struct {
	db      *pgxpool.Pool
	news    *news.News
	resizer *resizer
}

func newGallery(db *pgxpool.Pool, n *news.News) *gallery {
	return &gallery{db, n, newResizer(db, n, picture.Process)}
}

// PutPicture implements api.Pictures.
func (g *gallery) PutPicture(ctx context.Context, sku, mediaType string, data []byte, wait time.Duration) (api.PictureState, error) {
	found, err := catalogue.BySKU(ctx, g.db, []string{sku})
	if err != nil {
		return api.PictureState{}, err
	}
	if len(found) == 0 {
		return api.PictureState{}, catalog.NoProduct(sku)
	}
	info, err := picture.Check(data, mediaType)
	if err != nil {
		return api.PictureState{}, err
	}
	id := newID()
	if err := pictures.Insert(ctx, g.db, id, sku, data, info.Memory()); err != nil {
		return api.PictureState{}, fmt.Errorf("store picture %s of %s: %w", id, sku, err)
	}
	g.resizer.wake()
	return g.settled(ctx, id, wait)
}

// Picture implements api.Pictures.
func (g *gallery) Picture(ctx context.Context, id uuid.UUID, size string) (jpeg []byte, tag string, err error) {
	if _, err := picture.ParseSize(size); err != nil {
		return nil, "", err
	}
	return pictures.JPEG(ctx, g.db, id, size)
}

// awaitNewest waits, for at most wait, until the newest upload of a product is
// final, if there is one.
func (g *gallery) awaitNewest(ctx context.Context, sku string, wait time.Duration) error {
	if wait == 0 {
		return nil
	}
	newest, err := pictures.Newest(ctx, g.db, sku)
	if fault.Is(err, "not_found") {
		return nil
	}
	if err == nil && newest.Status == pictures.Processing {
		_, err = g.settled(ctx, newest.ID, wait)
	}
	return err
}

func (g *gallery) settled(ctx context.Context, id uuid.UUID, wait time.Duration) (api.PictureState, error) {
	return news.Await(ctx, g.news, id, wait, func() (api.PictureState, bool, error) {
		s, err := pictures.Get(ctx, g.db, id)
		return toPictureState(s), s.Status != pictures.Processing, err
	})
}

func toPictureState(s pictures.State) api.PictureState {
	p := api.PictureState{ID: s.ID, Status: string(s.Status)}
	if s.Status == pictures.Failed {
		p.Reason = &api.PictureFault{Code: s.Code, Detail: s.Detail}
	}
	return p
}
