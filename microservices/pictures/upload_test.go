package main

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"

	"triptych/domain/fault"
	"triptych/domain/picture"
	"triptych/domain/picture/picturetest"
	picturesv1 "triptych/proto/pictures/v1"
)

func TestUploadsThatAreRefused(t *testing.T) {
	g, c := open(t)
	for want, u := range map[string]struct {
		sku  string
		data []byte
	}{
		"not_found":               {"COFFEE", tea()},
		"unsupported_media_type":  {"TEA", []byte("<html>")},
		"picture_too_many_pixels": {"TEA", picturetest.Progressive(6400, 1)},
		"picture_damaged":         {"TEA", tea()[:20]},
		"body_too_large":          {"TEA", slices.Concat(tea(), make([]byte, picture.MaxBytes))},
	} {
		if _, err := upload(t.Context(), c, u.sku, u.data); !fault.Is(err, want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	var stored, events int
	if err := g.db.QueryRow(t.Context(), `SELECT (SELECT count(*) FROM pictures), (SELECT count(*) FROM outbox)`).Scan(&stored, &events); err != nil {
		t.Fatal(err)
	}
	if stored != 0 || events != 0 {
		t.Errorf("%d of them were stored, with %d events", stored, events)
	}
}

func TestThePictureMayBeAsLargeAsItMay(t *testing.T) {
	_, c := open(t)
	whole := tea()
	uploaded(t, c, slices.Concat(whole, make([]byte, picture.MaxBytes-len(whole))))
}

// The client would send without end; the answer stops it.
func TestARefusalComesWhileTheClientStillSends(t *testing.T) {
	_, c := open(t)
	for sku, want := range map[string]string{"COFFEE": "not_found", "TEA": "body_too_large"} {
		ctx, cancel := context.WithTimeout(t.Context(), longEnough)
		defer cancel()
		s, err := begin(ctx, c, sku, "image/jpeg")
		if err != nil {
			t.Fatal(err)
		}
		for piece := bytes.Repeat([]byte("x"), 64<<10); err == nil; {
			err = send(s, piece)
		}
		if _, err := s.CloseAndRecv(); !fault.Is(err, want) {
			t.Errorf("%s: %v, want %s", sku, err, want)
		}
	}
}

func TestAnUploadThatBreaksOffLeavesNothing(t *testing.T) {
	g, c := open(t)
	for range maxUploads + 1 { // each gives its place back
		ctx, cancel := context.WithCancel(t.Context())
		s, err := begin(ctx, c, "TEA", "image/jpeg")
		if err != nil {
			t.Fatal(err)
		}
		if err := send(s, tea()); err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := s.CloseAndRecv(); err == nil {
			t.Error("an upload that was broken off was accepted")
		}
	}
	uploaded(t, c, tea())
	var stored int
	if err := g.db.QueryRow(t.Context(), `SELECT count(*) FROM pictures`).Scan(&stored); err != nil || stored != 1 {
		t.Errorf("%d pictures are stored, %v, want the whole one", stored, err)
	}
}

func TestPicturesThatThereAreNot(t *testing.T) {
	_, c := open(t)
	ready := uuid.NewString()
	for _, in := range []*picturesv1.GetJPEGRequest{{Id: ready, Size: "small"}, {Id: ready, Size: "huge"}} {
		if _, err := c.GetJPEG(t.Context(), in); !fault.Is(err, "not_found") {
			t.Errorf("get %v: %v", in, err)
		}
	}
	for _, in := range []*picturesv1.WatchRequest{byID(ready), bySKU("TEA")} {
		if err := watched(t, c, in); !fault.Is(err, "not_found") {
			t.Errorf("watch %v: %v", in, err)
		}
	}
	for _, in := range []*picturesv1.WatchRequest{byID("none"), {}} {
		if err := watched(t, c, in); !fault.Is(err, "invalid") {
			t.Errorf("watch %v: %v", in, err)
		}
	}
	if _, err := c.GetJPEG(t.Context(), &picturesv1.GetJPEGRequest{Id: "none", Size: "small"}); !fault.Is(err, "invalid") {
		t.Errorf("get what is no id: %v", err)
	}
	if shown, err := c.GetShown(t.Context(), &picturesv1.GetShownRequest{Skus: []string{"TEA"}}); err != nil || len(shown.Pictures) != 0 {
		t.Errorf("shown: %v, %v, want nothing", shown, err)
	}
}

// watched returns how a watch begins to fail.
func watched(t *testing.T, c picturesv1.PicturesClient, in *picturesv1.WatchRequest) error {
	t.Helper()
	s, err := c.Watch(t.Context(), in)
	if err == nil {
		_, err = s.Recv()
	}
	return err
}
