package seed

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"golang.org/x/image/vector"

	"triptych/domain/catalog"
)

// side is the pictures' width and height in pixels.
const side = 640

// Picture draws a product that Products made, as a JPEG file.
func Picture(seed int64, p catalog.Product) []byte {
	d, n := find(p.SKU)
	r := source(seed, "picture of "+p.SKU, 0)
	c := canvas{image.NewRGBA(image.Rect(0, 0, side, side)), pick(r, palettes), chance(r, 50)}
	c.backdrop(r)
	c.draw(d.wares[n%len(d.wares)].drawing)
	var file bytes.Buffer
	_ = jpeg.Encode(&file, c.pixels, &jpeg.Options{Quality: 88}) // a bytes.Buffer takes everything
	return file.Bytes()
}

// find returns the department of a product, and the product's index in it. What
// Products did not make looks like the first ware of the first department.
func find(sku string) (department, int) {
	code, number, _ := strings.Cut(sku, "-")
	n, err := strconv.Atoi(number)
	for _, d := range departments {
		if d.code == code && err == nil && n > 0 {
			return d, n - 1
		}
	}
	return departments[0], 0
}

// palettes are colours that go together, in the order of the inks.
var palettes = [][8]color.RGBA{
	{rgb(0xf6e7d2), rgb(0xefcfa4), rgb(0xc8553d), rgb(0x8f3526), rgb(0xe88a6f), rgb(0x2f5d62), rgb(0xfffaf2), rgb(0x33272a)},
	{rgb(0xdfeee6), rgb(0xbddccb), rgb(0x2a7f62), rgb(0x1b5443), rgb(0x69b59a), rgb(0xf2b134), rgb(0xfdfdf7), rgb(0x22302b)},
	{rgb(0xe3ebf5), rgb(0xc2d3ea), rgb(0x2f5aa0), rgb(0x1f3b6b), rgb(0x7ea3d8), rgb(0xef8354), rgb(0xffffff), rgb(0x1d2536)},
	{rgb(0xf7e3e6), rgb(0xefc4cb), rgb(0xb23a5b), rgb(0x7a2340), rgb(0xe28aa2), rgb(0x3d7068), rgb(0xfffafa), rgb(0x33202a)},
	{rgb(0xfbf0cf), rgb(0xf4dc93), rgb(0xe09f1f), rgb(0xa86c0c), rgb(0xf5c869), rgb(0x355c7d), rgb(0xfffdf5), rgb(0x3a2e1a)},
	{rgb(0xe9e4f2), rgb(0xcfc4e4), rgb(0x6a4c93), rgb(0x452f66), rgb(0xa88bd0), rgb(0xf4a259), rgb(0xfefcff), rgb(0x2a2038)},
	{rgb(0xe4f0f1), rgb(0xb9dadd), rgb(0x1f7a8c), rgb(0x12505d), rgb(0x6fb7c4), rgb(0xd1495b), rgb(0xfbffff), rgb(0x1c2b30)},
	{rgb(0xeeeae2), rgb(0xd9d0bf), rgb(0x7d6b57), rgb(0x54463a), rgb(0xb9a68c), rgb(0xbf4e30), rgb(0xfffdf8), rgb(0x2d2620)},
}

func rgb(c uint32) color.RGBA {
	return color.RGBA{uint8(c >> 16), uint8(c >> 8), uint8(c), 255}
}

type canvas struct {
	pixels   *image.RGBA
	palette  [8]color.RGBA
	mirrored bool
}

// backdrop paints the wall, a halo, a few dots of light, and a shadow for the
// thing to stand in.
func (c *canvas) backdrop(r *rand.Rand) {
	draw.Draw(c.pixels, c.pixels.Rect, image.NewUniform(c.palette[wall]), image.Point{}, draw.Src)
	radius := float64(between(r, 34, 41))
	c.fill(ellipse(halo, float64(between(r, 44, 56)), float64(between(r, 44, 50)), radius, radius))
	for range between(r, 4, 9) {
		angle, far := 2*math.Pi*r.Float64(), 41+6*r.Float64()
		size := 0.6 + 1.4*r.Float64()
		c.fill(ellipse(pick(r, []ink{halo, light, paper, accent}), 50+far*math.Cos(angle), 48+far*math.Sin(angle), size, size))
	}
	shadow := c.palette[halo]
	shadow = color.RGBA{shadow.R / 10 * 9, shadow.G / 10 * 9, shadow.B / 10 * 9, 255}
	c.paint(shadow, ellipse(halo, 50, 84, 33, 3.5).contours)
}

func (c *canvas) draw(d drawing) {
	for _, s := range d {
		c.fill(s)
	}
}

func (c *canvas) fill(s shape) { c.paint(c.palette[s.ink], s.contours) }

// tile is the largest area that the rasterizer does in whole numbers, which give
// the same pixels on every kind of processor.
const tile = 400

func (c *canvas) paint(colour color.RGBA, contours [][]point) {
	edges := make([][]point, len(contours))
	var touched image.Rectangle
	for i, contour := range contours {
		edges[i] = c.place(contour)
		touched = touched.Union(bounds(edges[i]))
	}
	touched = touched.Intersect(c.pixels.Rect)
	for y := touched.Min.Y; y < touched.Max.Y; y += tile {
		for x := touched.Min.X; x < touched.Max.X; x += tile {
			area := image.Rect(x, y, x+tile, y+tile).Intersect(touched)
			rasterize(c.pixels, area, edges, colour)
		}
	}
}

func rasterize(dst *image.RGBA, area image.Rectangle, edges [][]point, colour color.RGBA) {
	z := vector.NewRasterizer(area.Dx(), area.Dy())
	at := func(p point) (x, y float32) {
		return float32(p.x - float64(area.Min.X)), float32(p.y - float64(area.Min.Y))
	}
	for _, edge := range edges {
		z.MoveTo(at(edge[0]))
		for _, p := range edge[1:] {
			z.LineTo(at(p))
		}
		z.ClosePath()
	}
	z.Draw(dst, area, image.NewUniform(colour), image.Point{})
}

// place scales points to pixels, mirrored where the picture is, and rounds them
// to a sixteenth of one.
func (c *canvas) place(contour []point) []point {
	const sixteenths = 16
	placed := make([]point, len(contour))
	for i, p := range contour {
		if c.mirrored {
			p.x = 100 - p.x
		}
		placed[i] = point{
			math.Round(p.x*side/100*sixteenths) / sixteenths,
			math.Round(p.y*side/100*sixteenths) / sixteenths,
		}
	}
	return placed
}

func bounds(edge []point) image.Rectangle {
	r := image.Rectangle{Min: image.Pt(side, side)}
	for _, p := range edge {
		r.Min.X, r.Min.Y = min(r.Min.X, int(math.Floor(p.x))), min(r.Min.Y, int(math.Floor(p.y)))
		r.Max.X, r.Max.Y = max(r.Max.X, int(math.Ceil(p.x))), max(r.Max.Y, int(math.Ceil(p.y)))
	}
	return r
}
