package conformance

import (
	"bytes"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"net/http"
	"strings"
)

// upload applies to what is sent as a product's picture.
func uploading(change func(*http.Request, []byte) []byte) func(*proxy, *http.Request) {
	return func(_ *proxy, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/picture") {
			rewrite(r, func(b []byte) []byte { return change(r, b) })
		}
	}
}

// showing applies to the pictures that are answered.
func showing(change func([]byte) []byte) func(*proxy, *http.Request, *reply) {
	return func(_ *proxy, r *http.Request, a *reply) {
		if strings.HasPrefix(r.URL.Path, "/v1/pictures/") && a.status == http.StatusOK {
			a.body = change(a.body)
		}
	}
}

// again encodes a picture once more.
func again(quality int, change func(image.Image) image.Image) func([]byte) []byte {
	return func(file []byte) []byte {
		img, err := jpeg.Decode(bytes.NewReader(file))
		if err != nil {
			return file
		}
		var b bytes.Buffer
		_ = jpeg.Encode(&b, change(img), &jpeg.Options{Quality: quality}) // into memory
		return b.Bytes()
	}
}

// cropped keeps the upper left of a picture, twice as wide as high.
func cropped(img image.Image) image.Image {
	r := img.Bounds()
	r.Max.Y = r.Min.Y + (r.Dy()+1)/2
	out := image.NewRGBA(r)
	draw.Draw(out, r, img, r.Min, draw.Src)
	return out
}

func mistakesWithPictures() []mistake {
	return []mistake{
		{name: "the orientation is ignored", noticed: "pictures: applies all eight EXIF orientations",
			ask: uploading(func(_ *http.Request, b []byte) []byte {
				return bytes.Replace(b, []byte("Exif\x00"), []byte("Exjf\x00"), 1)
			})},
		{name: "metadata stays", noticed: "pictures: drops all metadata",
			answer: showing(func(b []byte) []byte { return withSegment(b, 0xE1, []byte("Exif\x00\x00")) })},
		{name: "another quality", noticed: "pictures: encodes at quality 85", answer: showing(again(60, func(i image.Image) image.Image { return i }))},
		{name: "pictures are cropped", noticed: "pictures: makes three sizes by the longest side", answer: showing(again(85, cropped))},
		{name: "transparency becomes black", noticed: "pictures: puts transparency on white",
			ask: uploading(func(_ *http.Request, b []byte) []byte {
				img, err := png.Decode(bytes.NewReader(b))
				if err != nil {
					return b
				}
				black := image.NewRGBA(img.Bounds())
				draw.Draw(black, black.Rect, image.Black, image.Point{}, draw.Src)
				draw.Draw(black, black.Rect, img, img.Bounds().Min, draw.Over)
				var out bytes.Buffer
				_ = png.Encode(&out, black) // into memory
				return out.Bytes()
			})},
		{name: "the name is believed", noticed: "forgeries: goes by the first bytes, not by the name",
			ask: uploading(func(r *http.Request, b []byte) []byte {
				r.Header.Set("Content-Type", http.DetectContentType(b))
				return b
			})},
		{name: "what hides behind stays", noticed: "forgeries: drops what hides behind a picture",
			answer: showing(func(b []byte) []byte { return append(b, "<script>"...) })},
		{name: "bombs are opened", noticed: "forgeries: refuses pictures of too many pixels before decoding",
			answer: restatus("/v1/products/", http.StatusUnprocessableEntity, http.StatusUnprocessableEntity, "picture_too_many_pixels", "picture_damaged")},
		{name: "a truncated picture is ready", noticed: "forgeries: says that a damaged picture is damaged",
			answer: func(_ *proxy, r *http.Request, a *reply) {
				if strings.HasSuffix(r.URL.Path, "/picture") && a.status == http.StatusUnprocessableEntity {
					a.status, a.header = http.StatusAccepted, http.Header{"Content-Type": {"application/json"}, "Trace-Id": a.header["Trace-Id"]}
					a.body = []byte(`{"id":"0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5e","status":"processing"}`)
				}
			}},
		{name: "never 304", noticed: "pictures: serves what may be kept for ever",
			ask: func(_ *proxy, r *http.Request) { r.Header.Del("If-None-Match") }},
		{name: "kept for an hour", noticed: "pictures: serves what may be kept for ever",
			answer: showingHeader("Cache-Control", "public, max-age=3600")},
		{name: "browsers may sniff", noticed: "pictures: serves what may be kept for ever", answer: drop("X-Content-Type-Options")},
		{name: "an upload keeps the address", noticed: "pictures: gives a new upload new addresses",
			answer: replace("GET", "/v1/products/", "/v1/pictures/0", "/v1/pictures/0"+"0")},
	}
}

func showingHeader(name, value string) func(*proxy, *http.Request, *reply) {
	return func(_ *proxy, r *http.Request, a *reply) {
		if strings.HasPrefix(r.URL.Path, "/v1/pictures/") {
			a.header.Set(name, value)
		}
	}
}

func mistakesWithWages() []mistake {
	return []mistake{
		{name: "each month stands alone", noticed: "payroll: computes a month from the one before", answer: replace("GET", "/v1/payroll/runs/", `"tax":2020`, `"tax":2000`)},
		{name: "half a penny goes up", noticed: "payroll: computes a month to the penny", answer: replace("GET", "/v1/payroll/runs/", `"employer_ni":1,`, `"employer_ni":2,`)},
		{name: "lines are counted from the first row", noticed: "payroll: names every bad row and pays the rest", answer: replace("GET", "/v1/payroll/runs/", `"line":1`, `"line":2`)},
	}
}
