package conformance

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"strings"
	"time"
)

// pictures is section 6, for pictures that are what they say.
func pictures() []scenario {
	return []scenario{
		{"pictures", "makes three sizes by the longest side", threeSizes},
		{"pictures", "never enlarges, and keeps at least a pixel", smallPictures},
		{"pictures", "applies all eight EXIF orientations", orientations},
		{"pictures", "drops all metadata", dropsMetadata},
		{"pictures", "encodes at quality 85", quality},
		{"pictures", "puts transparency on white", transparency},
		{"pictures", "takes grey, paletted and 16-bit pictures", otherPixels},
		{"pictures", "serves what may be kept for ever", servesForEver},
		{"pictures", "lets a newer upload win over an older one", newerWins},
		{"pictures", "gives a new upload new addresses", newAddresses},
		{"pictures", "makes many at once", manyPictures},
		{"pictures", "says that one is being made, or made, and when it is", accepted},
		{"pictures", "knows no picture of what is not there", noPicture},
	}
}

// upload sends a picture of a product and waits for it.
func (t *try) upload(sku string, body []byte, media string) *answer {
	return t.put(t.manager, "/v1/products/"+sku+"/picture", body, header("Content-Type", media), wait)
}

// pictured uploads a picture, and returns it when it is ready.
func (t *try) pictured(sku string, body []byte, media string) picture {
	t.upload(sku, body, media).want(http.StatusCreated, http.StatusAccepted)
	p := t.pictureOf(sku)
	if p.Status != "ready" {
		t.fatalf("the picture of %s is %s: %v", sku, p.Status, p.Reason)
	}
	return p
}

// pictureOf waits for what became of a product's newest picture.
func (t *try) pictureOf(sku string) picture {
	var p picture
	t.eventually("the picture of "+sku+" is ready or failed", func() bool {
		got := decode[product](t.get(nil, "/v1/products/"+sku, wait).want(http.StatusOK))
		if got.Picture == nil {
			t.fatalf("product %s has no picture, and one was uploaded", sku)
		}
		p = *got.Picture
		return p.Status != "processing"
	})
	return p
}

// view downloads one size of a picture.
func (t *try) view(p picture, size string) image.Image {
	a := t.get(nil, p.Sizes[size]).want(http.StatusOK)
	img, err := jpeg.Decode(bytes.NewReader(a.Body))
	if err != nil {
		t.fatalf("%s: not a JPEG: %v", p.Sizes[size], err)
	}
	return img
}

// longest are the sizes of section 6, by their longest side.
var longest = map[string]int{"thumb": 160, "small": 480, "large": 1200}

func (t *try) checkSizes(p picture, width, height int) {
	for size, side := range longest {
		w, h := width, height
		if max(w, h) > side {
			w, h = fit(w, h, side), fit(h, w, side)
		}
		got := t.view(p, size).Bounds()
		// A fraction of a pixel may be rounded either way.
		if abs(got.Dx()-w) > 1 || abs(got.Dy()-h) > 1 || max(got.Dx(), got.Dy()) > side {
			t.errorf("%s of %d × %d is %d × %d, want %d × %d", size, width, height, got.Dx(), got.Dy(), w, h)
		}
	}
}

// fit returns a when the longer of a and b becomes side.
func fit(a, b, side int) int { return max(1, (a*side+max(a, b)/2)/max(a, b)) }

func abs(n int) int { return max(n, -n) }

func threeSizes(t *try) {
	for _, c := range []struct{ width, height int }{{1600, 800}, {500, 1500}, {1201, 1199}} {
		p := t.pictured(t.product(100, 0), asJPEG(t, corners(c.width, c.height)), "image/jpeg")
		t.checkSizes(p, c.width, c.height)
		t.checkCorners(p, "a picture as it is", "red green blue yellow")
	}
	p := t.pictured(t.product(100, 0), asPNG(t, corners(900, 600)), "image/png")
	t.checkSizes(p, 900, 600)
	t.checkCorners(p, "a PNG", "red green blue yellow")
}

func smallPictures(t *try) {
	for _, c := range []struct{ width, height int }{{100, 50}, {1, 1}, {3000, 2}, {2, 3000}} {
		p := t.pictured(t.product(100, 0), asJPEG(t, corners(c.width, c.height)), "image/jpeg")
		t.checkSizes(p, c.width, c.height)
	}
}

// orientations takes one picture with a colour in each corner, and turns it by
// its metadata only. The wanted corners follow from the table of tag 0x0112 in
// the EXIF standard: which side of the picture row 0 and column 0 are.
func orientations(t *try) {
	sku, plain := t.product(100, 0), asJPEG(t, corners(80, 40))
	for i, want := range []string{
		"red green blue yellow", // 1: as stored
		"green red yellow blue", // 2: mirrored left to right
		"yellow blue green red", // 3: upside down
		"blue yellow red green", // 4: mirrored top to bottom
		"red blue green yellow", // 5: mirrored along the diagonal from the top left
		"blue red yellow green", // 6: to be turned clockwise
		"yellow green blue red", // 7: mirrored along the other diagonal
		"green yellow red blue", // 8: to be turned the other way
	} {
		p := t.pictured(sku, withEXIF(plain, i+1), "image/jpeg")
		t.checkCorners(p, fmt.Sprintf("orientation %d", i+1), want)
		if i+1 >= 5 {
			t.checkSizes(p, 40, 80)
		} else {
			t.checkSizes(p, 80, 40)
		}
	}
}

// checkCorners names the colours in the middle of the four quarters.
func (t *try) checkCorners(p picture, what, want string) {
	img := t.view(p, "thumb")
	b := img.Bounds()
	var got []string
	for _, at := range []image.Point{{1, 1}, {3, 1}, {1, 3}, {3, 3}} {
		got = append(got, nearest(img.At(b.Min.X+at.X*b.Dx()/4, b.Min.Y+at.Y*b.Dy()/4)))
	}
	equal(t, "the corners of "+what, strings.Join(got, " "), want)
}

func dropsMetadata(t *try) {
	body := withEXIF(asJPEG(t, corners(80, 40)), 1)
	body = withSegment(body, 0xFE, []byte(secret))                                       // a comment
	body = withSegment(body, 0xE2, append([]byte("ICC_PROFILE\x00\x01\x01"), secret...)) // a colour profile
	body = append(body, secret...)                                                       // behind the end
	p := t.pictured(t.product(100, 0), body, "image/jpeg")
	for size := range longest {
		a := t.get(nil, p.Sizes[size]).want(http.StatusOK)
		if bytes.Contains(a.Body, []byte(secret)) {
			t.errorf("%s still has the metadata", size)
		}
		for _, s := range segments(a.Body) {
			if s.marker == 0xFE || s.marker > 0xE0 && s.marker <= 0xEF {
				t.errorf("%s has a segment FF%X of metadata", size, s.marker)
			}
		}
	}
}

// quality reads the first quantisation step of luminance. The table of JPEG's
// annex K begins with 16, which the scale that libjpeg made common brings to
// (16 × (200 − 2 × 85) + 50) / 100 = 5 at quality 85.
func quality(t *try) {
	p := t.pictured(t.product(100, 0), asJPEG(t, corners(900, 600)), "image/jpeg")
	for size := range longest {
		for _, s := range segments(t.get(nil, p.Sizes[size]).want(http.StatusOK).Body) {
			if s.marker == 0xDB && s.data[0] == 0 {
				equal(t, "the first quantisation step of "+size, s.data[1], 5)
			}
		}
	}
}

func transparency(t *try) {
	img := image.NewNRGBA(image.Rect(0, 0, 40, 40))
	for i := range 40 * 20 { // the upper half: red that cannot be seen
		img.SetNRGBA(i%40, i/40, color.NRGBA{255, 0, 0, 0})
	}
	for i := range 40 * 20 { // the lower half: half of blue
		img.SetNRGBA(i%40, 20+i/40, color.NRGBA{0, 0, 255, 128})
	}
	view := t.view(t.pictured(t.product(100, 0), asPNG(t, img), "image/png"), "thumb")
	for _, c := range []struct {
		y    int
		want color.RGBA
	}{{8, color.RGBA{255, 255, 255, 255}}, {32, color.RGBA{127, 127, 255, 255}}} {
		if got := view.At(20, c.y); distance(got, c.want) > 12 {
			t.errorf("the pixel in line %d is %v, want %v", c.y, got, c.want)
		}
	}
}

func otherPixels(t *try) {
	grey := image.NewGray(image.Rect(0, 0, 64, 64))
	deep := image.NewRGBA64(grey.Rect)
	few := image.NewPaletted(grey.Rect, color.Palette{color.NRGBA{0, 0, 0, 0}, color.NRGBA{0, 0, 255, 255}})
	for i := range 64 * 64 {
		grey.SetGray(i%64, i/64, color.Gray{200})
		deep.SetRGBA64(i%64, i/64, color.RGBA64{0, 0xFFFF, 0, 0xFFFF})
		few.SetColorIndex(i%64, i/64, uint8(i/64/32))
	}
	sku := t.product(100, 0)
	for _, c := range []struct {
		what, media string
		body        []byte
		y           int
		want        color.RGBA
	}{
		{"a grey JPEG", "image/jpeg", asJPEG(t, grey), 32, color.RGBA{200, 200, 200, 255}},
		{"a grey PNG", "image/png", asPNG(t, grey), 32, color.RGBA{200, 200, 200, 255}},
		{"a PNG of 16 bits", "image/png", asPNG(t, deep), 32, color.RGBA{0, 255, 0, 255}},
		{"a PNG with a palette", "image/png", asPNG(t, few), 48, color.RGBA{0, 0, 255, 255}},
		{"a hole in a palette", "image/png", asPNG(t, few), 10, color.RGBA{255, 255, 255, 255}},
	} {
		view := t.view(t.pictured(sku, c.body, c.media), "large")
		if got := view.At(32, c.y); distance(got, c.want) > 12 {
			t.errorf("%s shows %v, want %v", c.what, got, c.want)
		}
	}
}

func servesForEver(t *try) {
	p := t.pictured(t.product(100, 0), asJPEG(t, corners(1600, 800)), "image/jpeg")
	tags := map[string]bool{}
	for _, path := range p.Sizes {
		a := t.get(nil, path).want(http.StatusOK) // whose headers openapi.yaml wants
		tag := a.Header.Get("ETag")
		tags[tag] = true
		for _, have := range []string{tag, `"another", ` + tag, "W/" + strings.TrimPrefix(tag, "W/"), "*"} {
			t.get(nil, path, header("If-None-Match", have)).want(http.StatusNotModified)
		}
		again := t.get(nil, path, header("If-None-Match", `"another"`)).want(http.StatusOK)
		if !bytes.Equal(again.Body, a.Body) {
			t.errorf("%s shows other bytes the second time", path)
		}
	}
	equal(t, "the number of different ETags", len(tags), len(longest))
}

func newerWins(t *try) {
	sku := t.product(100, 0)
	big, small := asJPEG(t, plain(3000, 2000, color.RGBA{255, 0, 0, 255})), asJPEG(t, plain(60, 60, color.RGBA{0, 0, 255, 255}))
	t.put(t.manager, "/v1/products/"+sku+"/picture", big, header("Content-Type", "image/jpeg")).want(http.StatusCreated, http.StatusAccepted)
	p := t.pictured(sku, small, "image/jpeg")
	for range 10 { // while the older one may still be on its way
		equal(t, "the colour of the newest picture", nearest(t.view(p, "thumb").At(30, 30)), "blue")
		time.Sleep(50 * time.Millisecond)
		now := t.pictureOf(sku)
		equal(t, "its address", now.Sizes["thumb"], p.Sizes["thumb"])
	}
}

func newAddresses(t *try) {
	sku := t.product(100, 0)
	first := t.pictured(sku, asJPEG(t, plain(50, 50, color.RGBA{255, 0, 0, 255})), "image/jpeg")
	second := t.pictured(sku, asJPEG(t, plain(50, 50, color.RGBA{0, 0, 255, 255})), "image/jpeg")
	for size := range longest {
		if first.Sizes[size] == second.Sizes[size] {
			t.errorf("%s of two uploads has one address, and may be kept for ever", size)
		}
	}
	equal(t, "the colour", nearest(t.view(second, "small").At(25, 25)), "blue")
}

func manyPictures(t *try) {
	skus := make([]string, 8)
	for i := range skus {
		skus[i] = t.product(100, 0)
	}
	body := asJPEG(t, corners(1000, 700))
	t.together(len(skus), func(i int) { t.checkSizes(t.pictured(skus[i], body, "image/jpeg"), 1000, 700) })
}

func accepted(t *try) {
	sku := t.product(100, 0)
	a := t.put(t.manager, "/v1/products/"+sku+"/picture", asPNG(t, corners(300, 300)), header("Content-Type", "image/png"))
	a.want(http.StatusCreated, http.StatusAccepted)
	p := t.pictureOf(sku)
	equal(t, "status", p.Status, "ready")
	id := decode[picture](a).ID
	equal(t, "the address", p.Sizes["thumb"], "/v1/pictures/"+id+"/thumb")
	waited := t.upload(sku, asPNG(t, corners(300, 300)), "image/png").want(http.StatusCreated)
	equal(t, "the status after waiting", decode[picture](waited).Status, "ready")
	equal(t, "Preference-Applied", waited.Header.Get("Preference-Applied"), "wait=30")
	equal(t, "the addresses", fmt.Sprint(decode[picture](waited).Sizes), fmt.Sprint(t.pictureOf(sku).Sizes))
}

func noPicture(t *try) {
	p := t.pictured(t.product(100, 0), asJPEG(t, corners(20, 20)), "image/jpeg")
	t.get(nil, strings.Replace(p.Sizes["thumb"], "/thumb", "/huge", 1)).refused(http.StatusNotFound, "not_found")
	t.get(nil, strings.Replace(p.Sizes["thumb"], "/thumb", "/%FF", 1)).refused(http.StatusNotFound, "not_found")
	t.get(nil, "/v1/pictures/0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5e/thumb").refused(http.StatusNotFound, "not_found")
	t.upload(t.newSKU(), asJPEG(t, corners(20, 20)), "image/jpeg").refused(http.StatusNotFound, "not_found")
}
