package picture

import "image"

// turns says how each EXIF orientation is undone: whether the sides change
// places, and which axes of the stored picture run backwards.
var turns = [9]struct{ swap, flipX, flipY bool }{
	2: {flipX: true},
	3: {flipX: true, flipY: true},
	4: {flipY: true},
	5: {swap: true},
	6: {swap: true, flipY: true},
	7: {swap: true, flipX: true, flipY: true},
	8: {swap: true, flipX: true},
}

// turned returns src turned as its orientation says it is to be looked at.
func turned(src *image.RGBA, orientation int) *image.RGBA {
	t := turns[orientation]
	if !t.swap && !t.flipX && !t.flipY {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	size := image.Pt(w, h)
	if t.swap {
		size = image.Pt(h, w)
	}
	dst := image.NewRGBA(image.Rectangle{Max: size})
	for y := range size.Y {
		for x := range size.X {
			sx, sy := x, y
			if t.swap {
				sx, sy = y, x
			}
			if t.flipX {
				sx = w - 1 - sx
			}
			if t.flipY {
				sy = h - 1 - sy
			}
			copy(dst.Pix[dst.PixOffset(x, y):][:4], src.Pix[src.PixOffset(sx, sy):])
		}
	}
	return dst
}
