package pictures

import (
	"image"
	"image/color"
	"math"
)

// A plane is a picture's luminance, from 0 to 255, without rounding.
type plane struct {
	w, h int
	v    []float64
}

func luma(m image.Image) plane {
	b := m.Bounds()
	p := plane{b.Dx(), b.Dy(), make([]float64, 0, b.Dx()*b.Dy())}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, bl, _ := m.At(x, y).RGBA()
			p.v = append(p.v, (0.299*float64(r)+0.587*float64(g)+0.114*float64(bl))/257)
		}
	}
	return p
}

// slowLanczos is the reference: Lanczos with three lobes, straight from the
// original to each size, in float64 throughout.
func slowLanczos(src plane, w, h int) plane {
	turned := lanczosAcross(src, w).transposed()
	return lanczosAcross(turned, h).transposed()
}

func lanczosAcross(src plane, w int) plane {
	dst := plane{w, src.h, make([]float64, w*src.h)}
	scale := float64(src.w) / float64(w)
	for x := range w {
		centre := (float64(x)+0.5)*scale - 0.5
		from, to := max(int(math.Ceil(centre-3*scale)), 0), min(int(math.Floor(centre+3*scale)), src.w-1)
		weights, total := make([]float64, to-from+1), 0.0
		for i := range weights {
			if t := math.Abs(float64(from+i)-centre) / scale; t < 3 {
				weights[i] = lanczos.At(t)
			}
			total += weights[i]
		}
		for y := range src.h {
			sum := 0.0
			for i, weight := range weights {
				sum += weight * src.v[y*src.w+from+i]
			}
			dst.v[y*w+x] = sum / total
		}
	}
	return dst
}

func (p plane) transposed() plane {
	t := plane{p.h, p.w, make([]float64, len(p.v))}
	for y := range p.h {
		for x := range p.w {
			t.v[x*p.h+y] = p.v[y*p.w+x]
		}
	}
	return t
}

// psnr is the peak signal-to-noise ratio in decibels.
func psnr(a, b plane) float64 {
	sum := 0.0
	for i := range a.v {
		sum += (a.v[i] - b.v[i]) * (a.v[i] - b.v[i])
	}
	return 10 * math.Log10(255*255*float64(len(a.v))/sum)
}

// ssim is the mean structural similarity (Wang, Bovik, Sheikh, Simoncelli,
// "Image Quality Assessment", 2004), over blocks of 8 × 8.
func ssim(a, b plane) float64 {
	const side, c1, c2 = 8, (0.01 * 255) * (0.01 * 255), (0.03 * 255) * (0.03 * 255)
	sum, blocks := 0.0, 0.0
	for y := 0; y+side <= a.h; y += side {
		for x := 0; x+side <= a.w; x += side {
			var n, ma, mb, aa, bb, ab float64
			for j := range side {
				for i := range side {
					p, q := a.v[(y+j)*a.w+x+i], b.v[(y+j)*a.w+x+i]
					n, ma, mb, aa, bb, ab = n+1, ma+p, mb+q, aa+p*p, bb+q*q, ab+p*q
				}
			}
			ma, mb = ma/n, mb/n
			va, vb, cov := aa/n-ma*ma, bb/n-mb*mb, ab/n-ma*mb
			sum += (2*ma*mb + c1) * (2*cov + c2) / ((ma*ma + mb*mb + c1) * (va + vb + c2))
			blocks++
		}
	}
	return sum / blocks
}

// zonePlate draws rings that grow finer outwards, down to two pixels a ring at
// the middle of an edge.
func zonePlate(side int) image.Image {
	m := image.NewGray(image.Rect(0, 0, side, side))
	half := float64(side) / 2
	for y := range side {
		for x := range side {
			dx, dy := float64(x)-half+0.5, float64(y)-half+0.5
			m.SetGray(x, y, color.Gray{uint8(127.5 + 127*math.Cos(math.Pi*(dx*dx+dy*dy)/(2*half)))})
		}
	}
	return m
}

// detail judges a zone plate that was made four times smaller. Rings finer
// than two pixels of the result cannot be shown and should have turned grey: false
// detail is how far they are from it, in levels. Rings of three to four pixels
// should still be there: kept is their contrast as a part of the original's.
func detail(m image.Image) (alias, kept float64) {
	p := luma(m)
	half := float64(p.w) / 2
	var fine, coarse, fines, coarses float64
	for y := range p.h {
		for x := range p.w {
			r := math.Hypot(float64(x)-half+0.5, float64(y)-half+0.5) / half
			d := (p.v[y*p.w+x] - 127.5) * (p.v[y*p.w+x] - 127.5)
			switch period := 2 / (4 * r); {
			case period < 1.5 && r < 1:
				fine, fines = fine+d, fines+1
			case period > 3 && period < 4:
				coarse, coarses = coarse+d, coarses+1
			}
		}
	}
	return math.Sqrt(fine / fines), math.Sqrt(coarse/coarses) * math.Sqrt2 / 127
}
