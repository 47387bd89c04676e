package picture

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"runtime"
	"strings"
	"testing"

	"triptych/domain/fault"
	"triptych/domain/picture/picturetest"
)

func TestProcessMakesEverySize(t *testing.T) {
	tests := []struct {
		name                string
		w, h                int
		large, small, thumb image.Point
	}{
		{"landscape", 1260, 840, image.Pt(1200, 800), image.Pt(480, 320), image.Pt(160, 107)},
		{"portrait", 600, 800, image.Pt(600, 800), image.Pt(360, 480), image.Pt(120, 160)},
		{"small already", 100, 80, image.Pt(100, 80), image.Pt(100, 80), image.Pt(100, 80)},
		{"one pixel", 1, 1, image.Pt(1, 1), image.Pt(1, 1), image.Pt(1, 1)},
		{"a thread", 2000, 1, image.Pt(1200, 1), image.Pt(480, 1), image.Pt(160, 1)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			made := mustProcess(t, picturetest.PNG(picturetest.Photo(test.w, test.h)))
			for size, want := range map[Size]image.Point{Large: test.large, Small: test.small, Thumb: test.thumb} {
				if got := made[size].Bounds().Size(); got != want {
					t.Errorf("%s: got %v, want %v", size, got, want)
				}
			}
		})
	}
}

func TestProcessTurnsThePictureUpright(t *testing.T) {
	const r, g, b, w = "red", "green", "blue", "white"
	// What a reader of the stored quarters r g / b w sees, by CIPA DC-008's
	// account of which edges the first row and the first column are.
	want := map[int][4]string{
		1: {r, g, b, w},
		2: {g, r, w, b},
		3: {w, b, g, r},
		4: {b, w, r, g},
		5: {r, b, g, w},
		6: {b, r, w, g},
		7: {w, g, b, r},
		8: {g, w, r, b},
	}
	stored := picturetest.JPEG(picturetest.Quarters(640, 320))
	for orientation, quarters := range want {
		m := mustProcess(t, picturetest.WithOrientation(stored, orientation))[Small]
		size := image.Pt(480, 240)
		if orientation > 4 {
			size = image.Pt(240, 480)
		}
		if got := m.Bounds().Size(); got != size {
			t.Errorf("orientation %d: got %v, want %v", orientation, got, size)
		}
		for i, name := range quarters {
			at := image.Pt(size.X*(1+2*(i%2))/4, size.Y*(1+2*(i/2))/4)
			if got := nameOf(m.At(at.X, at.Y)); got != name {
				t.Errorf("orientation %d, quarter %d: got %s, want %s", orientation, i, got, name)
			}
		}
	}
}

func TestProcessReadsEveryKindOfFile(t *testing.T) {
	r := image.Rect(0, 0, 64, 48)
	half := color.NRGBA{255, 0, 0, 128} // on white: 255, 127, 127
	onWhite := color.RGBA{255, 127, 127, 255}
	grey := color.RGBA{128, 128, 128, 255}
	nrgba64 := filled(image.NewNRGBA64(r), half)
	gray := filled(image.NewGray(r), grey)
	gray16 := filled(image.NewGray16(r), grey)
	palette := filled(image.NewPaletted(r, color.Palette{half, color.Black}), half)
	nothing := image.NewNRGBA(r)
	moving := picturetest.WithChunk(picturetest.PNG(gray), "acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0})
	cmyk, err := base64.StdEncoding.DecodeString(cmykJPEG)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		data []byte
		want color.RGBA
	}{
		{"16 bits and transparency", picturetest.PNG(nrgba64), onWhite},
		{"palette with transparency", picturetest.PNG(palette), onWhite},
		{"wholly transparent", picturetest.PNG(nothing), color.RGBA{255, 255, 255, 255}},
		{"grey", picturetest.PNG(gray), grey},
		{"grey with 16 bits", picturetest.PNG(gray16), grey},
		{"animated: its first picture", moving, grey},
		{"grey jpeg", picturetest.JPEG(gray), grey},
		{"progressive jpeg", picturetest.Progressive(64, 3), grey},
		{"CMYK jpeg", cmyk, color.RGBA{255, 0, 0, 255}},
	}
	for _, test := range tests {
		m := mustProcess(t, test.data)[Thumb]
		b := m.Bounds()
		got := color.RGBAModel.Convert(m.At(b.Dx()/2, b.Dy()/2)).(color.RGBA)
		if !near(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.name, got, test.want)
		}
	}
}

func TestProcessRefusesDamagedFiles(t *testing.T) {
	jpg := picturetest.JPEG(picturetest.Photo(300, 200))
	png := picturetest.PNG(picturetest.Photo(300, 200))
	flipped := bytes.Clone(png)
	flipped[len(flipped)/2] ^= 1
	for name, data := range map[string][]byte{
		"half a jpeg":        jpg[:len(jpg)/2],
		"half a png":         png[:len(png)/2],
		"a png with one bit": flipped,
		"a jpeg's header":    jpg[:200],
	} {
		if _, err := Process(data); !fault.Is(err, "picture_damaged") {
			t.Errorf("%s: got %v, want picture_damaged", name, err)
		}
	}
}

func TestProcessChecksBeforeItDecodes(t *testing.T) {
	before := allocated()
	_, err := Process(picturetest.Bomb(20_000))
	if !fault.Is(err, "picture_too_many_pixels") {
		t.Errorf("got %v, want picture_too_many_pixels", err)
	}
	if used := allocated() - before; used > 32<<20 {
		t.Errorf("used %d MiB", used>>20)
	}
}

// No picture is known that does it, so the test panics itself.
func TestAPanicIsAnError(t *testing.T) {
	jpegs, err := safely(func() (map[Size][]byte, error) { panic("scaling broke") })
	if jpegs != nil || err == nil || !strings.Contains(err.Error(), "scaling broke") || fault.From(err).Kind != fault.Internal {
		t.Errorf("got %v, %v, want an internal error that says what broke", jpegs, err)
	}
}

func TestProcessDropsMetadata(t *testing.T) {
	made, err := Process(picturetest.WithOrientation(picturetest.JPEG(picturetest.Quarters(200, 100)), 1))
	if err != nil {
		t.Fatal(err)
	}
	for size, data := range made {
		for marker := range segments(data) {
			if marker >= 0xe0 && marker <= 0xef || marker == 0xfe {
				t.Errorf("%s has a segment %#x", size, marker)
			}
		}
	}
}

// Bands must not show: the same picture scaled in one piece is the same.
func TestBandsMeet(t *testing.T) {
	src := picturetest.Photo(1000, 701)
	size := fit(1000, 701, 480)
	got, whole := shrink(src, size), image.NewRGBA(image.Rectangle{Max: size})
	kernel.Scale(whole, whole.Bounds(), src, src.Bounds(), 1, nil)
	for i := range whole.Pix {
		if d := int(got.Pix[i]) - int(whole.Pix[i]); d < -1 || d > 1 {
			t.Fatalf("at byte %d: got %d, want %d", i, got.Pix[i], whole.Pix[i])
		}
	}
}

func TestMemoryIsWhatProcessAllocates(t *testing.T) {
	photo := picturetest.Photo(1200, 900)
	alpha := filled(image.NewNRGBA64(photo.Rect), color.NRGBA{1, 2, 3, 99})
	for name, data := range map[string][]byte{
		"jpeg":             picturetest.JPEG(photo),
		"progressive jpeg": picturetest.Progressive(1600, 2),
		"grey png":         picturetest.Bomb(1600),
		"png":              picturetest.PNG(photo),
		"16-bit png":       picturetest.PNG(alpha),
	} {
		info, err := inspect(data, contract)
		if err != nil {
			t.Fatal(err)
		}
		before := allocated()
		if _, err := Process(data); err != nil {
			t.Fatal(err)
		}
		used := allocated() - before
		t.Logf("%s: %d MiB, as foretold %d MiB", name, used>>20, info.Memory()>>20)
		if used > info.Memory()*11/10 || used < info.Memory()/3 {
			t.Errorf("%s: allocated %d bytes, foretold %d", name, used, info.Memory())
		}
	}
}

func FuzzProcess(f *testing.F) {
	small := picturetest.Quarters(16, 8)
	f.Add(picturetest.JPEG(small))
	f.Add(picturetest.WithOrientation(picturetest.JPEG(small), 7))
	f.Add(picturetest.PNG(small))
	f.Add(picturetest.PNG(filled(image.NewPaletted(small.Rect, color.Palette{color.Transparent}), color.Transparent)))
	f.Add(picturetest.Progressive(24, 3))
	f.Add(picturetest.WithChunk(picturetest.PNG(small), "eXIf", picturetest.Exif(binary.BigEndian, 6)))
	f.Fuzz(func(t *testing.T, data []byte) {
		made, err := process(data, limits{pixels: 10_000, side: 400})
		if err != nil {
			mustBeFault(t, err)
			return
		}
		for _, size := range Sizes {
			m, err := jpeg.Decode(bytes.NewReader(made[size]))
			if err != nil {
				t.Fatalf("%s: %v", size, err)
			}
			if b := m.Bounds(); max(b.Dx(), b.Dy()) > longest[size] {
				t.Errorf("%s is %v", size, b)
			}
		}
	})
}

func mustProcess(t *testing.T, data []byte) map[Size]image.Image {
	t.Helper()
	made, err := Process(data)
	if err != nil {
		t.Fatal(err)
	}
	images := map[Size]image.Image{}
	for size, data := range made {
		if images[size], err = jpeg.Decode(bytes.NewReader(data)); err != nil {
			t.Fatalf("%s: %v", size, err)
		}
	}
	return images
}

func filled[M interface {
	image.Image
	Set(x, y int, c color.Color)
}](m M, c color.Color) M {
	b := m.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			m.Set(x, y, c)
		}
	}
	return m
}

func nameOf(c color.Color) string {
	for name, want := range map[string]color.RGBA{
		"red": {255, 0, 0, 255}, "green": {0, 255, 0, 255}, "blue": {0, 0, 255, 255}, "white": {255, 255, 255, 255},
	} {
		if near(color.RGBAModel.Convert(c).(color.RGBA), want) {
			return name
		}
	}
	return fmt.Sprint(c)
}

func near(a, b color.RGBA) bool {
	const most = 6 // JPEG rounds
	off := func(x, y uint8) bool { return math.Abs(float64(x)-float64(y)) > most }
	return !off(a.R, b.R) && !off(a.G, b.G) && !off(a.B, b.B)
}

func allocated() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.TotalAlloc)
}

// cmykJPEG is 8 × 8 pixels of red as the four inks of print, which no encoder
// in the standard library writes; made with Pillow.
const cmykJPEG = "" +
	"/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwAQCwwODAoQDg0OEhEQExgoGhgWFhgxIyUdKDozPTw5Mzg3QEhcTkBEV0U3OFBtUVdfYmdo" +
	"Zz5NcXlwZHhcZWdj/8AAFAgACAAIBEMRAE0RAFkRAEsRAP/EABQAAQAAAAAAAAAAAAAAAAAAAAf/xAAUEAEAAAAAAAAAAAAAAAAA" +
	"AAAA/9oADgRDAE0AWQBLAAA/AEAfj8gP/9k="
