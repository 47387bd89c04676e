package main

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/catalog"
	"triptych/domain/fault"
	"triptych/domain/picture"
	"triptych/domain/picture/picturetest"
	"triptych/internal/news"
	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
	"triptych/store/catalogue"
	"triptych/store/pictures"
)

const soonEnough = 20 * time.Second

// openGallery returns a gallery in a database of its own, with the product TEA
// and nobody at work.
func openGallery(t *testing.T) *gallery {
	t.Helper()
	db := pgtest.New(t, catalogue.Schema, pictures.Schema)
	err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
		_, err := catalogue.Put(t.Context(), tx, catalog.Product{SKU: "TEA", Name: "Tea", Category: "Tea", Price: 100, UpdatedAt: postgres.Now()})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return newGallery(db, news.New())
}

// startResizing lets the gallery work until the returned function, or the end of the
// test, stops it.
func startResizing(t *testing.T, g *gallery) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.resizer.run(ctx) }()
	stopped := false
	stop = func() {
		if cancel(); !stopped {
			stopped = true
			if err := <-done; err != nil {
				t.Errorf("the resizer ended with %v", err)
			}
		}
	}
	t.Cleanup(stop)
	return stop
}

func putPicture(t *testing.T, g *gallery, data []byte, wait time.Duration) (id uuid.UUID, status string) {
	t.Helper()
	s, err := g.PutPicture(t.Context(), "TEA", "image/jpeg", data, wait)
	if err != nil {
		t.Fatal(err)
	}
	return s.ID, s.Status
}

func tea() []byte { return picturetest.JPEG(picturetest.Quarters(640, 480)) }

func TestAPictureIsProcessedWhileItsUploadWaits(t *testing.T) {
	g := openGallery(t)
	startResizing(t, g)
	id, status := putPicture(t, g, tea(), soonEnough)
	if status != "ready" {
		t.Fatalf("got %s, want ready", status)
	}
	data, tag, err := g.Picture(t.Context(), id, "small")
	if err != nil || tag == "" {
		t.Fatalf("got tag %q, %v", tag, err)
	}
	m, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil || m.Bounds().Size() != image.Pt(480, 360) {
		t.Errorf("got %v, %v, want 480 × 360", m.Bounds(), err)
	}
	if _, _, err := g.Picture(t.Context(), id, "huge"); !fault.Is(err, "not_found") {
		t.Errorf("a size that there is not: got %v", err)
	}
}

func TestUploadsThatAreRefused(t *testing.T) {
	g := openGallery(t)
	for want, upload := range map[string]struct {
		sku  string
		data []byte
	}{
		"not_found":               {"COFFEE", tea()},
		"unsupported_media_type":  {"TEA", []byte("<html>")},
		"picture_too_many_pixels": {"TEA", picturetest.Progressive(6400, 1)},
		"picture_damaged":         {"TEA", tea()[:20]},
	} {
		if _, err := g.PutPicture(t.Context(), upload.sku, "image/jpeg", upload.data, 0); !fault.Is(err, want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	jobs, err := pictures.Waiting(t.Context(), g.db, nil, 10)
	if err != nil || len(jobs) != 0 {
		t.Errorf("%d of them were stored, %v", len(jobs), err)
	}
}

func TestWhatTheDecoderRefusesFails(t *testing.T) {
	g := openGallery(t)
	startResizing(t, g)
	whole := tea()
	s, err := g.PutPicture(t.Context(), "TEA", "image/jpeg", whole[:len(whole)-200], soonEnough)
	if err != nil {
		t.Fatal(err)
	}
	if s.Status != "failed" || s.Reason == nil || s.Reason.Code != "picture_damaged" {
		t.Errorf("got %+v %+v, want failed: picture_damaged", s, s.Reason)
	}
}

func TestABugFailsThePictureAndNothingElse(t *testing.T) {
	g := openGallery(t)
	g.resizer.process = func(data []byte) (map[picture.Size][]byte, error) {
		if len(data) == 0 || data[len(data)-1] == 'x' {
			return nil, errors.New("the decoder broke")
		}
		return picture.Process(data)
	}
	startResizing(t, g)
	s, err := g.PutPicture(t.Context(), "TEA", "image/jpeg", append(tea(), 'x'), soonEnough)
	if err != nil || s.Status != "failed" || s.Reason.Code != "internal" {
		t.Errorf("got %+v, %v, want failed: internal", s, err)
	}
	if _, status := putPicture(t, g, tea(), soonEnough); status != "ready" {
		t.Errorf("the next picture: got %s, want ready", status)
	}
}

func TestWaitingEndsWhenItsTimeIsUp(t *testing.T) {
	g := openGallery(t) // and nobody at work
	if _, status := putPicture(t, g, tea(), 20*time.Millisecond); status != "processing" {
		t.Errorf("got %s, want processing", status)
	}
	if err := g.awaitNewest(t.Context(), "TEA", 20*time.Millisecond); err != nil {
		t.Error(err)
	}
}

func TestAProductIsAwaited(t *testing.T) {
	g := openGallery(t)
	if err := g.awaitNewest(t.Context(), "TEA", soonEnough); err != nil {
		t.Errorf("without a picture: %v", err)
	}
	id, _ := putPicture(t, g, tea(), 0)
	startResizing(t, g)
	if err := g.awaitNewest(t.Context(), "TEA", soonEnough); err != nil {
		t.Fatal(err)
	}
	shown, err := pictures.Shown(t.Context(), g.db, []string{"TEA"})
	if got := shown["TEA"]; err != nil || got.ID != id || got.Status != pictures.Ready {
		t.Errorf("got %+v, %v, want %s ready", got, err, id)
	}
}

func TestWorkIsTakenUpAgainAfterACrash(t *testing.T) {
	g := openGallery(t)
	id, _ := putPicture(t, g, tea(), 0)
	if _, _, err := pictures.Begin(t.Context(), g.db, id); err != nil { // by a process that died
		t.Fatal(err)
	}
	again := newGallery(g.db, news.New())
	startResizing(t, again)
	if s, err := again.settled(t.Context(), id, soonEnough); err != nil || s.Status != "ready" {
		t.Errorf("got %+v, %v, want ready", s, err)
	}
}

func TestAPictureThatEndsTheProcessIsGivenUp(t *testing.T) {
	g := openGallery(t)
	id, _ := putPicture(t, g, tea(), 0)
	for range resizeAttempts {
		if _, _, err := pictures.Begin(t.Context(), g.db, id); err != nil {
			t.Fatal(err)
		}
	}
	startResizing(t, g)
	if s, err := g.settled(t.Context(), id, soonEnough); err != nil || s.Status != "failed" || s.Reason.Code != "internal" {
		t.Errorf("got %+v, %v, want failed: internal", s, err)
	}
}

func TestTroubleThatIsNotThePicturesIsTriedAgain(t *testing.T) {
	g := openGallery(t)
	const broken = `ALTER TABLE picture_sizes RENAME TO elsewhere`
	if _, err := g.db.Exec(t.Context(), broken); err != nil {
		t.Fatal(err)
	}
	var tries atomic.Int32
	g.resizer.process = func(data []byte) (map[picture.Size][]byte, error) {
		if tries.Add(1) == 2 {
			if _, err := g.db.Exec(t.Context(), `ALTER TABLE elsewhere RENAME TO picture_sizes`); err != nil {
				return nil, err
			}
		}
		return picture.Process(data)
	}
	startResizing(t, g)
	if _, status := putPicture(t, g, tea(), soonEnough); status != "ready" {
		t.Errorf("got %s after %d tries, want ready", status, tries.Load())
	}
}

// The pool must never hold more pixels than there is room for, and a picture
// larger than the room must still have its turn.
func TestPicturesAtWorkFitIntoTheRoom(t *testing.T) {
	g := openGallery(t)
	const each = resizeMemory / 2
	g.resizer.least = 1
	var now, most atomic.Int64
	g.resizer.process = func(data []byte) (map[picture.Size][]byte, error) {
		memory := each * int64(len(data))
		for sum := now.Add(memory); ; {
			seen := most.Load()
			if sum <= seen || most.CompareAndSwap(seen, sum) {
				break
			}
		}
		time.Sleep(2 * time.Millisecond) // so that others would be seen beside it
		defer now.Add(-memory)
		return nil, fault.New(fault.Invalid, "picture_damaged", "as the test wishes")
	}
	var last uuid.UUID
	for i := range 30 {
		last = newID()
		times := 1 + i%2 // half the room, or all of it
		if err := pictures.Insert(t.Context(), g.db, last, "TEA", make([]byte, times), each*int64(times)); err != nil {
			t.Fatal(err)
		}
	}
	huge := newID()
	if err := pictures.Insert(t.Context(), g.db, huge, "TEA", make([]byte, 1), 100*resizeMemory); err != nil {
		t.Fatal(err)
	}
	startResizing(t, g)
	for _, id := range []uuid.UUID{last, huge} {
		if s, err := g.settled(t.Context(), id, soonEnough); err != nil || s.Status != "failed" {
			t.Errorf("got %+v, %v, want failed", s, err)
		}
	}
	if most.Load() > resizeMemory || most.Load() == 0 {
		t.Errorf("%d bytes were at work at once, with room for %d", most.Load(), resizeMemory)
	}
}

func TestStoppingWaitsForThePictureAtWork(t *testing.T) {
	g := openGallery(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	g.resizer.process = func(data []byte) (map[picture.Size][]byte, error) {
		close(begun)
		<-finish
		return picture.Process(data)
	}
	stop := startResizing(t, g)
	id, _ := putPicture(t, g, tea(), 0)
	<-begun
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	select {
	case <-stopped:
		t.Error("it stopped with a picture at work")
	case <-time.After(50 * time.Millisecond):
	}
	close(finish)
	<-stopped
	if s, err := pictures.Get(t.Context(), g.db, id); err != nil || s.Status != pictures.Ready {
		t.Errorf("got %+v, %v, want ready", s, err)
	}
}

func TestAListedProductShowsItsPicture(t *testing.T) {
	s := open(t)
	product(t, s, "TEA", 100, 1)
	product(t, s, "POT", 100, 1)
	id, _ := putPicture(t, s.gallery, tea(), 0)
	if l, err := s.Product(t.Context(), "TEA", 0); err != nil || l.Picture == nil || l.Picture.Status != "processing" {
		t.Errorf("got %+v, %v, want a picture that is processing", l.Picture, err)
	}
	startResizing(t, s.gallery)
	l, err := s.Product(t.Context(), "TEA", soonEnough)
	if err != nil || l.Picture == nil || l.Picture.Status != "ready" || l.Picture.ID != id {
		t.Errorf("after waiting: got %+v, %v, want %s ready", l.Picture, err, id)
	}
	if l, err := s.Product(t.Context(), "POT", soonEnough); err != nil || l.Picture != nil {
		t.Errorf("got %+v, %v, want no picture", l.Picture, err)
	}
}
