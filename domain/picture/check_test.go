package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"slices"
	"testing"
	"time"

	"triptych/domain/fault"
	"triptych/domain/picture/picturetest"
)

func TestCheck(t *testing.T) {
	small := picturetest.Quarters(40, 20)
	jpg, png := picturetest.JPEG(small), picturetest.PNG(small)
	wide := picturetest.PNG(image.NewGray(image.Rect(0, 0, MaxSide+1, 1)))

	tests := []struct {
		name        string
		data        []byte
		contentType string
		want        string // the code of the fault
	}{
		{"jpeg", jpg, "image/jpeg", ""},
		{"png", png, "image/png", ""},
		{"content type with a parameter", png, "image/png; name=a.png", ""},
		{"png that says it is a jpeg", png, "image/jpeg", "unsupported_media_type"},
		{"no content type", png, "", "unsupported_media_type"},
		{"web page that says it is a jpeg", []byte("<html><body>"), "image/jpeg", "unsupported_media_type"},
		{"gif", []byte("GIF89a\x01\x00\x01\x00\x00\x00\x00;"), "image/gif", "unsupported_media_type"},
		{"nothing", nil, "image/png", "unsupported_media_type"},
		{"more than 8 MiB", append(jpg, make([]byte, MaxBytes)...), "image/jpeg", "body_too_large"},
		{"bomb", picturetest.Bomb(30_000), "image/png", "picture_too_many_pixels"},
		{"bomb whose pixels a machine word cannot count", slices.Concat(png[:16], bytes.Repeat([]byte("\x7f\xff\xff\xff"), 2), png[24:]), "image/png", "picture_too_many_pixels"},
		{"over 40 million pixels", picturetest.Progressive(6_400, 1), "image/jpeg", "picture_too_many_pixels"},
		{"too long a side", wide, "image/png", "picture_too_many_pixels"},
		{"many scans", picturetest.Progressive(6_000, 10_000), "image/jpeg", "picture_damaged"},
		{"only a png signature", pngMagic, "image/png", "picture_damaged"},
		{"only a jpeg signature", jpegMagic, "image/jpeg", "picture_damaged"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err, took := error(nil), time.Hour
			for range 20 { // on a busy machine it takes a few rounds to see how long it takes by itself
				start := time.Now()
				_, err = Check(test.data, test.contentType)
				if took = min(took, time.Since(start)); took <= 50*time.Millisecond {
					break
				}
			}
			if took > 50*time.Millisecond {
				t.Errorf("took %v, as if the picture had been decoded", took)
			}
			if test.want == "" {
				if err != nil {
					t.Fatalf("got %v, want no error", err)
				}
				return
			}
			if !fault.Is(err, test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestCheckTellsWhatItSaw(t *testing.T) {
	jpg := picturetest.JPEG(picturetest.Quarters(40, 20))
	png := picturetest.PNG(picturetest.Quarters(40, 20))
	tests := []struct {
		name        string
		data        []byte
		orientation int
	}{
		{"plain jpeg", jpg, 1},
		{"plain png", png, 1},
		{"turned jpeg", picturetest.WithOrientation(jpg, 6), 6},
		{"turned png", picturetest.WithChunk(png, "eXIf", picturetest.Exif(binary.LittleEndian, 8)), 8},
		{"orientation out of range", picturetest.WithOrientation(jpg, 9), 1},
	}
	for _, test := range tests {
		info, err := Check(test.data, "image/"+map[bool]string{true: "png", false: "jpeg"}[bytes.HasPrefix(test.data, pngMagic)])
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if info.Width != 40 || info.Height != 20 || info.Orientation != test.orientation {
			t.Errorf("%s: got %+v, want 40 × 20 turned as %d", test.name, info, test.orientation)
		}
	}
}

func TestFitKeepsTheAspectAndNeverEnlarges(t *testing.T) {
	tests := []struct{ w, h, wantW, wantH int }{
		{4000, 3000, 1200, 900},
		{3000, 4000, 900, 1200},
		{1200, 10, 1200, 10},
		{100, 80, 100, 80},
		{1201, 1201, 1200, 1200},
		{12000, 1, 1200, 1},
		{1, 12000, 1, 1200},
		{1999, 1000, 1200, 600},
	}
	for _, test := range tests {
		if got := fit(test.w, test.h, 1200); got != image.Pt(test.wantW, test.wantH) {
			t.Errorf("fit(%d, %d): got %v, want %d × %d", test.w, test.h, got, test.wantW, test.wantH)
		}
	}
}

func FuzzCheck(f *testing.F) {
	small := picturetest.Quarters(16, 8)
	f.Add(picturetest.JPEG(small))
	f.Add(picturetest.WithOrientation(picturetest.JPEG(small), 5))
	f.Add(picturetest.WithChunk(picturetest.PNG(small), "eXIf", picturetest.Exif(binary.BigEndian, 3)))
	f.Add(picturetest.Progressive(64, 3))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, contentType := range []string{"image/jpeg", "image/png"} {
			info, err := Check(data, contentType)
			if err != nil {
				mustBeFault(t, err)
				continue
			}
			pixels := int64(info.Width) * int64(info.Height)
			if pixels < 1 || pixels > MaxPixels || info.Orientation < 1 || info.Orientation > 8 {
				t.Errorf("let %+v pass", info)
			}
			if info.Memory() < pixels {
				t.Errorf("%+v needs %d bytes", info, info.Memory())
			}
		}
	})
}

func FuzzOrientation(f *testing.F) {
	f.Add(picturetest.Exif(binary.BigEndian, 6))
	f.Add(picturetest.Exif(binary.LittleEndian, 2))
	f.Fuzz(func(t *testing.T, tiff []byte) {
		if got := tiffOrientation(tiff); got < 1 || got > 8 {
			t.Errorf("got %d", got)
		}
	})
}

func mustBeFault(t *testing.T, err error) {
	t.Helper()
	var f *fault.Fault
	if !errors.As(err, &f) {
		t.Errorf("got %v, which is not a fault", err)
	}
}
