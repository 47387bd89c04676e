package picture

import (
	"image"
	"image/color"
	"image/draw"

	xdraw "golang.org/x/image/draw"
)

// kernel was chosen by measurement: see docs/pictures.md.
var kernel = xdraw.CatmullRom

// band is how many rows or columns are scaled at once. x/image/draw keeps 32 bytes
// for each column of the result in each row of its source, 115 MB for a
// 12-megapixel photo scaled in one go. A band of 16 keeps that within a
// processor's cache, which also makes it faster.
const band = 16

var white = image.NewUniform(color.White)

// fit returns the dimensions of a w × h picture whose longest side is at most
// longest. It never enlarges, and no side vanishes.
func fit(w, h, longest int) image.Point {
	side := max(w, h)
	if side <= longest {
		return image.Pt(w, h)
	}
	scaled := func(n int) int { return max(1, (2*n*longest+side)/(2*side)) }
	return image.Pt(scaled(w), scaled(h))
}

// shrink scales src, laid on white where it is transparent, to that size:
// first across, a band of rows at a time, then down, a band of columns at a
// time. A band is scaled in one direction only, so the bands meet exactly.
func shrink(src image.Image, size image.Point) *image.RGBA {
	return shrinkDown(shrinkAcross(src, size.X), size.Y)
}

func shrinkAcross(src image.Image, width int) *image.RGBA {
	from := src.Bounds()
	out := image.NewRGBA(image.Rect(0, 0, width, from.Dy()))
	rows := image.NewRGBA(image.Rect(0, 0, from.Dx(), band))
	scale := scalers(func(n int) xdraw.Scaler { return kernel.NewScaler(width, n, from.Dx(), n) })
	for y := 0; y < from.Dy(); y += band {
		n := min(band, from.Dy()-y)
		used := image.Rect(0, 0, from.Dx(), n)
		flatten(rows, used, src, from.Min.Add(image.Pt(0, y)))
		scale(n).Scale(out, image.Rect(0, y, width, y+n), rows, used, draw.Src, nil)
	}
	return out
}

func shrinkDown(src *image.RGBA, height int) *image.RGBA {
	from := src.Bounds()
	if from.Dy() == height {
		return src
	}
	out := image.NewRGBA(image.Rect(0, 0, from.Dx(), height))
	scale := scalers(func(n int) xdraw.Scaler { return kernel.NewScaler(n, height, n, from.Dy()) })
	for x := 0; x < from.Dx(); x += band {
		n := min(band, from.Dx()-x)
		scale(n).Scale(out, image.Rect(x, 0, x+n, height), src, image.Rect(x, 0, x+n, from.Dy()), draw.Src, nil)
	}
	return out
}

// scalers keeps the scaler of a whole band, and makes one for the narrower
// band at the end.
func scalers(build func(n int) xdraw.Scaler) func(n int) xdraw.Scaler {
	whole := build(band)
	return func(n int) xdraw.Scaler {
		if n == band {
			return whole
		}
		return build(n)
	}
}

// flatten copies a part of src onto white.
func flatten(dst *image.RGBA, r image.Rectangle, src image.Image, at image.Point) {
	draw.Draw(dst, r, white, image.Point{}, draw.Src)
	draw.Draw(dst, r, src, at, draw.Over)
}
