// Package pictures weighs libraries that scale pictures, for ../pictures.md:
//
//	cd docs/pictures && go test -v -bench . -benchtime 3x
package pictures

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"math"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/anthonynsimon/bild/transform"
	"github.com/disintegration/imaging"
	kovid "github.com/kovidgoyal/imaging"
	"github.com/nfnt/resize"
	"golang.org/x/image/draw"

	"triptych/domain/picture/picturetest"
)

var sizes = []image.Point{{1200, 900}, {480, 360}, {160, 120}}

type scaler func(src image.Image, size image.Point) image.Image

var candidates = []struct {
	name  string
	scale scaler
}{
	{"x/image/draw ApproxBiLinear", inOneGo(draw.ApproxBiLinear)},
	{"x/image/draw BiLinear", inOneGo(draw.BiLinear)},
	{"x/image/draw CatmullRom", inOneGo(draw.CatmullRom)},
	{"x/image/draw BiLinear, banded", banded(draw.BiLinear)},
	{"x/image/draw CatmullRom, banded", banded(draw.CatmullRom)},
	{"x/image/draw Lanczos, banded", banded(lanczos)},
	{"disintegration/imaging Box", func(m image.Image, p image.Point) image.Image { return imaging.Resize(m, p.X, p.Y, imaging.Box) }},
	{"disintegration/imaging CatmullRom", func(m image.Image, p image.Point) image.Image { return imaging.Resize(m, p.X, p.Y, imaging.CatmullRom) }},
	{"disintegration/imaging Lanczos", func(m image.Image, p image.Point) image.Image { return imaging.Resize(m, p.X, p.Y, imaging.Lanczos) }},
	{"kovidgoyal/imaging CatmullRom", func(m image.Image, p image.Point) image.Image { return kovid.Resize(m, p.X, p.Y, kovid.CatmullRom) }},
	{"kovidgoyal/imaging Lanczos", func(m image.Image, p image.Point) image.Image { return kovid.Resize(m, p.X, p.Y, kovid.Lanczos) }},
	{"anthonynsimon/bild CatmullRom", func(m image.Image, p image.Point) image.Image {
		return transform.Resize(m, p.X, p.Y, transform.CatmullRom)
	}},
	{"nfnt/resize Lanczos3", func(m image.Image, p image.Point) image.Image {
		return resize.Resize(uint(p.X), uint(p.Y), m, resize.Lanczos3)
	}},
}

// lanczos is the kernel with three lobes, which x/image/draw does not offer.
var lanczos = &draw.Kernel{Support: 3, At: func(t float64) float64 {
	if t == 0 {
		return 1
	}
	return 3 * math.Sin(math.Pi*t) * math.Sin(math.Pi*t/3) / (math.Pi * math.Pi * t * t)
}}

func inOneGo(k draw.Scaler) scaler {
	return func(src image.Image, size image.Point) image.Image {
		dst := image.NewRGBA(image.Rectangle{Max: size})
		k.Scale(dst, dst.Rect, src, src.Bounds(), draw.Src, nil)
		return dst
	}
}

// banded scales across and then down, sixteen rows or columns at a time, as
// domain/picture does.
func banded(k *draw.Kernel) scaler {
	const band = 16
	return func(src image.Image, size image.Point) image.Image {
		from := src.Bounds()
		narrow, dst := image.NewRGBA(image.Rect(0, 0, size.X, from.Dy())), image.NewRGBA(image.Rectangle{Max: size})
		rows := image.NewRGBA(image.Rect(0, 0, from.Dx(), band))
		across := k.NewScaler(size.X, band, from.Dx(), band)
		for y := 0; y < from.Dy(); y += band {
			n := min(band, from.Dy()-y)
			if n < band {
				across = k.NewScaler(size.X, n, from.Dx(), n)
			}
			used := image.Rect(0, 0, from.Dx(), n)
			draw.Draw(rows, used, src, from.Min.Add(image.Pt(0, y)), draw.Src)
			across.Scale(narrow, image.Rect(0, y, size.X, y+n), rows, used, draw.Src, nil)
		}
		down := k.NewScaler(band, size.Y, band, from.Dy())
		for x := 0; x < size.X; x += band {
			n := min(band, size.X-x)
			if n < band {
				down = k.NewScaler(n, size.Y, n, from.Dy())
			}
			down.Scale(dst, image.Rect(x, 0, x+n, size.Y), narrow, image.Rect(x, 0, x+n, from.Dy()), draw.Src, nil)
		}
		return dst
	}
}

// cascade makes every size from the one before.
func cascade(scale scaler, src image.Image) []image.Image {
	var made []image.Image
	for _, size := range sizes {
		src = scale(src, size)
		made = append(made, src)
	}
	return made
}

// TestQuality prints a row of the table for each candidate.
func TestQuality(t *testing.T) {
	photo := decoded(t, picturetest.JPEG(picturetest.Photo(4000, 3000)))
	want := make([]plane, len(sizes))
	for i, size := range sizes {
		want[i] = slowLanczos(luma(photo), size.X, size.Y)
	}
	rings := zonePlate(1600)
	fmt.Println("| candidate | PSNR dB, 1200/480/160 | SSIM at 480 | false detail | kept detail | CPU ms | allocated MiB |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- |")
	for _, c := range candidates {
		cpu, bytes := used(func() { cascade(c.scale, photo) })
		made := cascade(c.scale, photo)
		alias, kept := detail(c.scale(rings, image.Pt(400, 400)))
		fmt.Printf("| %s | %.1f / %.1f / %.1f | %.4f | %.1f | %.0f %% | %d | %d |\n", c.name,
			psnr(luma(made[0]), want[0]), psnr(luma(made[1]), want[1]), psnr(luma(made[2]), want[2]),
			ssim(luma(made[1]), want[1]), alias, 100*kept, cpu.Milliseconds(), bytes>>20)
	}
}

func BenchmarkCandidates(b *testing.B) {
	photo := decoded(b, picturetest.JPEG(picturetest.Photo(4000, 3000)))
	for _, c := range candidates {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				cascade(c.scale, photo)
			}
		})
	}
}

func decoded(tb testing.TB, file []byte) image.Image {
	tb.Helper()
	m, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

// used returns the CPU time of the whole process, as some candidates use
// several threads, and what was allocated. It is the best of three.
func used(f func()) (cpu time.Duration, bytes uint64) {
	cpu = time.Hour
	for range 3 {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := processTime()
		f()
		cpu = min(cpu, processTime()-start)
		runtime.ReadMemStats(&after)
		bytes = after.TotalAlloc - before.TotalAlloc
	}
	return cpu, bytes
}

func processTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
