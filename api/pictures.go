package api

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"triptych/domain/catalog"
	"triptych/domain/picture"
	"triptych/internal/rest"
)

// Pictures is what an architecture does about pictures.
type Pictures interface {
	// PutPicture checks a picture of a product and accepts it; it waits up to
	// wait until the sizes are made.
	PutPicture(ctx context.Context, sku, mediaType string, data []byte, wait time.Duration) (PictureState, error)
	// Picture returns a JPEG of one size, and its entity tag without quotes.
	Picture(ctx context.Context, id uuid.UUID, size string) (jpeg []byte, tag string, err error)
}

// A PictureState is how far a picture is.
type PictureState struct {
	ID     uuid.UUID
	Status string        // processing, ready or failed
	Reason *PictureFault // why it failed; nil otherwise
}

// A PictureFault says why a picture could not be made.
type PictureFault struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// maxUpload is the size to which a picture or a timesheet file is read, in bytes.
const maxUpload = 8 << 20

type pictureJSON struct {
	ID     uuid.UUID         `json:"id,omitzero"`
	Status string            `json:"status"`
	Sizes  map[string]string `json:"sizes,omitempty"`
	Reason *PictureFault     `json:"reason,omitempty"`
}

// toPicture returns nil for no picture. Only an upload's answer names the id.
func toPicture(p *PictureState, id uuid.UUID) *pictureJSON {
	if p == nil {
		return nil
	}
	out := &pictureJSON{ID: id, Status: p.Status, Reason: p.Reason}
	if p.Status == "ready" {
		at := "/v1/pictures/" + p.ID.String()
		out.Sizes = map[string]string{"thumb": at + "/thumb", "small": at + "/small", "large": at + "/large"}
	}
	return out
}

func (s *server) putPicture(w http.ResponseWriter, r *http.Request, _ Caller) error {
	if err := rest.RequireMedia(r, "image/jpeg", "image/png"); err != nil {
		return err
	}
	sku := r.PathValue("sku")
	if !catalog.ValidSKU(sku) {
		return catalog.NoProduct(sku)
	}
	data, err := rest.Body(w, r, maxUpload)
	if err != nil {
		return err
	}
	p, err := s.Pictures.PutPicture(r.Context(), sku, r.Header.Get("Content-Type"), data, preferWait(w, r))
	if err != nil {
		return err
	}
	return rest.JSON(w, createdOr(http.StatusAccepted, p.Status != "processing"), toPicture(&p, p.ID))
}

func (s *server) getPicture(w http.ResponseWriter, r *http.Request, _ Caller) error {
	id, err := pathID(r, "picture")
	if err != nil {
		return err
	}
	size, err := picture.ParseSize(r.PathValue("size"))
	if err != nil {
		return err
	}
	jpeg, tag, err := s.Pictures.Picture(r.Context(), id, string(size))
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("ETag", `"`+tag+`"`)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", "image/jpeg")
	r.Header.Del("Range")                                           // nothing here is so large that parts of it are wanted
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(jpeg)) // knows If-None-Match
	return nil
}
