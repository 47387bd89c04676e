// Package picturetest makes pictures for tests: a photo that needs no download,
// and files that try to harm whoever decodes them.
package picturetest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
)

// Photo draws a picture that is as hard to scale and to compress as a
// photograph: light that changes slowly, detail at every scale, whose strength falls with
// its size, and hard edges thinner than a pixel of the smaller sizes.
func Photo(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		down := float64(y) / float64(h)
		for x := range w {
			m.SetRGBA(x, y, photoAt(x, y, w, h, down, texture(x, y, w)))
		}
	}
	return m
}

func photoAt(x, y, w, h int, down, texture float64) color.RGBA {
	post, side := max(w/240, 1), max(h/9, 1)
	switch {
	case y > h*2/3 && (x/post)%5 == 0: // a fence
		return color.RGBA{235, 228, 210, 255}
	case math.Hypot(float64(x-w/3), float64(y-h/3)) < float64(side): // a sun
		return color.RGBA{240, level(120 + 40*texture), 40, 255}
	}
	return color.RGBA{
		level(90 + 80*down + 110*texture),
		level(120 + 30*down + 90*texture),
		level(190 - 120*down + 60*texture),
		255,
	}
}

func level(v float64) uint8 { return uint8(min(max(v, 0), 255)) }

// texture adds up noise of every scale from a quarter of the width to one pixel.
func texture(x, y, w int) float64 {
	sum, strength := 0.0, 0.5
	for octave, step := 0, float64(w)/4; step >= 1; octave, step = octave+1, step/2 {
		sum += strength * noise(float64(x)/step, float64(y)/step, octave)
		strength *= 0.6
	}
	return sum
}

// noise runs smoothly between random values at whole coordinates.
func noise(x, y float64, octave int) float64 {
	left, top := math.Floor(x), math.Floor(y)
	i, j := int(left), int(top)
	across, down := smooth(x-left), smooth(y-top)
	upper := mix(random(i, j, octave), random(i+1, j, octave), across)
	lower := mix(random(i, j+1, octave), random(i+1, j+1, octave), across)
	return mix(upper, lower, down)
}

func smooth(t float64) float64    { return t * t * (3 - 2*t) }
func mix(a, b, t float64) float64 { return a + (b-a)*t }

// random scrambles a point into a number from -1 to 1.
func random(x, y, octave int) float64 {
	n := uint32(x)*0x9e3779b1 + uint32(y)*0x85ebca77 + uint32(octave)*0xc2b2ae3d
	n = (n ^ n>>15) * 0x2c1b3c6d
	n = (n ^ n>>12) * 0x297a2d39
	return float64(n^n>>15)/(1<<31) - 1
}

// JPEG returns m as a JPEG file of good quality.
func JPEG(m image.Image) []byte {
	var file bytes.Buffer
	if err := jpeg.Encode(&file, m, &jpeg.Options{Quality: 90}); err != nil {
		panic(fmt.Sprintf("encode a JPEG: %v", err))
	}
	return file.Bytes()
}

// PNG returns m as a PNG file.
func PNG(m image.Image) []byte {
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		panic(fmt.Sprintf("encode a PNG: %v", err))
	}
	return file.Bytes()
}
