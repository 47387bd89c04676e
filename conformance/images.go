package conformance

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
)

// palette names the colours that the pictures here are made of.
var palette = map[string]color.RGBA{
	"red": {255, 0, 0, 255}, "green": {0, 255, 0, 255}, "blue": {0, 0, 255, 255}, "yellow": {255, 255, 0, 255},
}

// corners is a picture with red, green, blue and yellow quarters.
func corners(width, height int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	quarters := [2][2]string{{"red", "green"}, {"blue", "yellow"}}
	for y := range height {
		for x := range width {
			img.SetRGBA(x, y, palette[quarters[2*y/height][2*x/width]])
		}
	}
	return img
}

// plain is a picture of one colour.
func plain(width, height int, c color.RGBA) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := 0; i < len(img.Pix); i += 4 {
		copy(img.Pix[i:], []uint8{c.R, c.G, c.B, c.A})
	}
	return img
}

// nearest names the colour that one looks like, which a JPEG has changed.
func nearest(c color.Color) string {
	best, name := math.MaxInt, ""
	for n, p := range palette {
		if d := distance(c, p); d < best {
			best, name = d, n
		}
	}
	return name
}

// distance is the largest difference of two colours in a channel.
func distance(a, b color.Color) int {
	r, g, bl, _ := a.RGBA()
	r2, g2, b2, _ := b.RGBA()
	return max(abs(int(r>>8)-int(r2>>8)), abs(int(g>>8)-int(g2>>8)), abs(int(bl>>8)-int(b2>>8)))
}

func asJPEG(t *try, img image.Image) []byte {
	var b bytes.Buffer
	t.must(jpeg.Encode(&b, img, &jpeg.Options{Quality: 92}))
	return b.Bytes()
}

func asPNG(t *try, img image.Image) []byte {
	var b bytes.Buffer
	t.must((&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img))
	return b.Bytes()
}

// A segment is a part of a JPEG in front of its pixels.
type jpegSegment struct {
	marker byte
	data   []byte
}

// segments lists the segments of a JPEG up to the first scan.
func segments(file []byte) []jpegSegment {
	var list []jpegSegment
	for at := 2; at+4 <= len(file) && file[at] == 0xFF; {
		size := int(binary.BigEndian.Uint16(file[at+2:]))
		if size < 2 || at+2+size > len(file) {
			break
		}
		list = append(list, jpegSegment{file[at+1], file[at+4 : at+2+size]})
		if file[at+1] == 0xDA {
			break
		}
		at += 2 + size
	}
	return list
}

// withSegment puts a segment behind the first two bytes of a JPEG.
func withSegment(file []byte, marker byte, data []byte) []byte {
	head := []byte{0xFF, 0xD8, 0xFF, marker, 0, 0}
	binary.BigEndian.PutUint16(head[4:], uint16(len(data)+2))
	return append(append(head, data...), file[2:]...)
}

// secret is what must not come out again.
const secret = "51.5007N 0.1246W"

// withEXIF adds metadata with an orientation (tag 0x0112) and a description
// (tag 0x010E) that tells where the picture was taken.
func withEXIF(file []byte, orientation int) []byte {
	const text = secret + "\x00"
	b := append([]byte("Exif\x00\x00"), "II*\x00\x08\x00\x00\x00\x02\x00"...) // little-endian; two entries at 8
	entry := func(tag, kind uint16, count, value uint32) {
		b = binary.LittleEndian.AppendUint16(b, tag)
		b = binary.LittleEndian.AppendUint16(b, kind)
		b = binary.LittleEndian.AppendUint32(b, count)
		b = binary.LittleEndian.AppendUint32(b, value)
	}
	const ascii, short, behind = 2, 3, 8 + 2 + 2*12 + 4 // where the text is
	entry(0x010E, ascii, uint32(len(text)), behind)
	entry(0x0112, short, 1, uint32(orientation))
	b = append(b, 0, 0, 0, 0)
	return withSegment(file, 0xE1, append(b, text...))
}

// pngClaiming is the beginning of a black and white PNG of that size; its
// pixels are missing.
func pngClaiming(width, height int) []byte {
	b := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, data []byte) {
		b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
		body := append([]byte(kind), data...)
		b = binary.BigEndian.AppendUint32(append(b, body...), crc32.ChecksumIEEE(body))
	}
	head := binary.BigEndian.AppendUint32(nil, uint32(width))
	head = binary.BigEndian.AppendUint32(head, uint32(height))
	chunk("IHDR", append(head, 1, 0, 0, 0, 0))
	chunk("IDAT", []byte{0x78, 0x9c, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01})
	chunk("IEND", nil)
	return b
}

// jpegClaiming changes the size that a JPEG says it has.
func jpegClaiming(file []byte, width, height int) []byte {
	b := bytes.Clone(file)
	for _, s := range segments(b) {
		if s.marker >= 0xC0 && s.marker <= 0xC2 {
			binary.BigEndian.PutUint16(s.data[1:], uint16(height))
			binary.BigEndian.PutUint16(s.data[3:], uint16(width))
		}
	}
	return b
}
