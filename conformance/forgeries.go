package conformance

import (
	"bytes"
	"net/http"
	"strings"
)

// forgeries is section 6, for what is not the picture that it says.
func forgeries() []scenario {
	return []scenario{
		{"forgeries", "goes by the first bytes, not by the name", misnamed},
		{"forgeries", "takes JPEG and PNG only", otherFormats},
		{"forgeries", "drops what hides behind a picture", polyglots},
		{"forgeries", "refuses pictures of too many pixels before decoding", bombs},
		{"forgeries", "says that a damaged picture is damaged", damaged},
		{"forgeries", "refuses more than 8 MiB", pictureTooLarge},
		{"forgeries", "keeps the picture that there was", keepsPicture},
	}
}

func misnamed(t *try) {
	sku, img := t.product(100, 0), corners(40, 40)
	t.upload(sku, asPNG(t, img), "image/jpeg").refused(http.StatusUnsupportedMediaType, "unsupported_media_type")
	t.upload(sku, asJPEG(t, img), "image/png").refused(http.StatusUnsupportedMediaType, "unsupported_media_type")
	equal(t, "whether there is a picture", decode[product](t.get(nil, "/v1/products/"+sku)).Picture == nil, true)
}

func otherFormats(t *try) {
	sku, good := t.product(100, 0), asJPEG(t, corners(40, 40))
	for _, media := range []string{"image/gif", "image/webp", "application/octet-stream", "application/json", "image/svg+xml", "image/*", "text/html", ""} {
		t.upload(sku, good, media).refused(http.StatusUnsupportedMediaType, "unsupported_media_type")
	}
	for _, body := range []string{
		"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "RIFF\x1a\x00\x00\x00WEBPVP8L", "<svg xmlns='http://www.w3.org/2000/svg'/>",
		"<!doctype html><script>alert(1)</script>", "BM\x3a\x00\x00\x00", "%PDF-1.7", "PK\x03\x04", "", "\xff\xd8", "\x89PNG",
	} {
		for _, media := range []string{"image/jpeg", "image/png"} {
			t.upload(sku, []byte(body), media).want(http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)
		}
	}
}

// polyglots are a picture to one reader and a page or an archive to another.
func polyglots(t *try) {
	good := asJPEG(t, corners(40, 40))
	sku := t.product(100, 0)
	for _, front := range []string{"GIF89a", "<script>", "\x00", "PK\x03\x04"} {
		t.upload(sku, append([]byte(front), good...), "image/jpeg").refused(http.StatusUnsupportedMediaType, "unsupported_media_type")
	}
	const page = "<script>alert(document.domain)</script>"
	for media, body := range map[string][]byte{
		"image/jpeg": append(withSegment(good, 0xFE, []byte(page)), page...),
		"image/png":  append(asPNG(t, corners(40, 40)), page...),
	} {
		if a := t.upload(sku, body, media); a.Status >= 400 {
			a.refused(http.StatusUnprocessableEntity, "picture_damaged") // refusing it altogether is as safe
			continue
		}
		p := t.pictureOf(sku)
		for size := range p.Sizes {
			if bytes.Contains(t.get(nil, p.Sizes[size]).Body, []byte("script")) {
				t.errorf("%s of a %s still has the page that hid in it", size, media)
			}
		}
	}
}

func bombs(t *try) {
	sku := t.product(100, 0)
	for _, c := range []struct{ width, height int }{{50_000, 50_000}, {12_001, 1}, {1, 12_001}, {8_000, 5_001}, {1<<31 - 1, 1<<31 - 1}} {
		t.upload(sku, pngClaiming(c.width, c.height), "image/png").refused(http.StatusUnprocessableEntity, "picture_too_many_pixels")
	}
	good := asJPEG(t, corners(40, 40))
	for _, c := range []struct{ width, height int }{{65_500, 65_500}, {12_001, 8}, {8_000, 5_001}} {
		t.upload(sku, jpegClaiming(good, c.width, c.height), "image/jpeg").refused(http.StatusUnprocessableEntity, "picture_too_many_pixels")
	}
	// The limits themselves are allowed, as far as pixels go.
	for _, c := range []struct{ width, height int }{{12_000, 1}, {8_000, 5_000}} {
		t.wantDamaged(sku, pngClaiming(c.width, c.height), "image/png")
	}
}

// wantDamaged wants a picture refused as damaged, at once or in the end.
func (t *try) wantDamaged(sku string, body []byte, media string) {
	a := t.upload(sku, body, media).want(http.StatusUnprocessableEntity, http.StatusCreated, http.StatusAccepted)
	if a.Status == http.StatusUnprocessableEntity {
		a.refused(http.StatusUnprocessableEntity, "picture_damaged")
		return
	}
	p := t.pictureOf(sku)
	equal(t, "the status of a damaged picture", p.Status, "failed")
	equal(t, "the reason", p.Reason.Code, "picture_damaged")
}

func damaged(t *try) {
	sku := t.product(100, 0)
	jpeg, png := asJPEG(t, corners(200, 200)), asPNG(t, corners(200, 200))
	for _, keep := range []int{3, 20, len(jpeg) / 2, len(jpeg) - 40} {
		t.wantDamaged(sku, jpeg[:keep], "image/jpeg")
	}
	for _, keep := range []int{8, 20, 33, len(png) / 2, len(png) - 20} {
		t.wantDamaged(sku, png[:keep], "image/png")
	}
	flipped := bytes.Clone(png)
	flipped[len(png)/2] ^= 0xFF // no longer what its checksum says
	t.wantDamaged(sku, flipped, "image/png")
	t.wantDamaged(sku, append([]byte("\xff\xd8\xff\xe0"), strings.Repeat("noise", 100)...), "image/jpeg")
	t.wantDamaged(sku, jpegClaiming(jpeg, 0, 200), "image/jpeg")
	t.wantDamaged(sku, pngClaiming(0, 0), "image/png")
}

func pictureTooLarge(t *try) {
	sku := t.product(100, 0)
	over := append(asJPEG(t, corners(40, 40)), make([]byte, 8<<20)...)
	t.upload(sku, over, "image/jpeg").refused(http.StatusRequestEntityTooLarge, "body_too_large")
	t.put(t.manager, "/v1/products/"+sku+"/picture", over, header("Content-Type", "image/jpeg"), chunked).
		refused(http.StatusRequestEntityTooLarge, "body_too_large")
}

func keepsPicture(t *try) {
	sku := t.product(100, 0)
	p := t.pictured(sku, asJPEG(t, corners(40, 40)), "image/jpeg")
	t.upload(sku, pngClaiming(50_000, 50_000), "image/png").refused(http.StatusUnprocessableEntity, "picture_too_many_pixels")
	t.upload(sku, []byte("nothing like it"), "image/png").refused(http.StatusUnsupportedMediaType, "unsupported_media_type")
	now := t.pictureOf(sku)
	equal(t, "the status after what was refused", now.Status, "ready")
	equal(t, "the address", now.Sizes["thumb"], p.Sizes["thumb"])
	t.get(nil, p.Sizes["thumb"]).want(http.StatusOK)
}
