package picturetest

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"io"
)

// Quarters returns a picture whose four quarters are red, green, blue and
// white, in reading order, so that a turn or a mirroring shows.
func Quarters(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	colours := [2][2]color.RGBA{
		{{255, 0, 0, 255}, {0, 255, 0, 255}},
		{{0, 0, 255, 255}, {255, 255, 255, 255}},
	}
	for y := range h {
		for x := range w {
			m.SetRGBA(x, y, colours[2*y/h][2*x/w])
		}
	}
	return m
}

// An Order is binary.BigEndian or binary.LittleEndian.
type Order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// Exif returns an EXIF block that says the orientation, in either byte order.
func Exif(order Order, orientation uint16) []byte {
	block := []byte("MM")
	if order.Uint16([]byte{1, 0}) == 1 {
		block = []byte("II")
	}
	block = order.AppendUint16(block, 42)
	block = order.AppendUint32(block, 8) // where the directory is
	block = order.AppendUint16(block, 1) // how many entries it has
	block = order.AppendUint16(block, 274)
	block = order.AppendUint16(block, 3)
	block = order.AppendUint32(block, 1)
	block = order.AppendUint16(block, orientation)
	return append(block, make([]byte, 6)...)
}

// WithOrientation returns the JPEG file with an EXIF block that says the orientation.
func WithOrientation(jpeg []byte, orientation int) []byte {
	body := append([]byte("Exif\x00\x00"), Exif(binary.BigEndian, uint16(orientation))...)
	return append(append(jpeg[:2:2], segment(0xe1, body)...), jpeg[2:]...)
}

// WithChunk returns the PNG file with a chunk after its header.
func WithChunk(png []byte, name string, body []byte) []byte {
	const header = 8 + 25
	return append(append(png[:header:header], chunk(name, body)...), png[header:]...)
}

// Bomb returns a small PNG file of side × side grey pixels: at 30,000 it has
// 875 KB, and takes 900 MB to decode.
func Bomb(side int) []byte {
	header := binary.BigEndian.AppendUint32(nil, uint32(side))
	header = binary.BigEndian.AppendUint32(header, uint32(side))
	header = append(header, 8, 0, 0, 0, 0) // eight bits of grey
	file := []byte("\x89PNG\r\n\x1a\n")
	file = append(file, chunk("IHDR", header)...)
	file = append(file, chunk("IDAT", zeros(side*(side+1)))...)
	return append(file, chunk("IEND", nil)...)
}

// zeros returns n zero bytes as a zlib stream. It repeats one compressed block,
// as compressing all of them would take seconds.
func zeros(n int) []byte {
	const each = 1 << 20
	stream := []byte{0x78, 0x9c}
	stream = append(stream, bytes.Repeat(block(each), n/each)...)
	stream = append(stream, block(n%each)...)
	stream = append(stream, 1, 0, 0, 0xff, 0xff) // an empty last block
	const adler = 65521
	return binary.BigEndian.AppendUint32(stream, uint32(n%adler)<<16|1)
}

// block returns n zero bytes as deflate blocks that refer to nothing before them.
func block(n int) []byte {
	var b bytes.Buffer
	z, err := flate.NewWriter(&b, flate.BestCompression)
	if err == nil {
		_, err = z.Write(make([]byte, n))
	}
	if err == nil {
		err = z.Flush()
	}
	if err != nil {
		panic(fmt.Sprintf("compress zeros: %v", err))
	}
	return b.Bytes()
}

func chunk(name string, body []byte) []byte {
	c := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	c = append(append(c, name...), body...)
	sum := crc32.NewIEEE()
	io.WriteString(sum, name)
	sum.Write(body)
	return binary.BigEndian.AppendUint32(c, sum.Sum32())
}

// Progressive returns a progressive JPEG file of side × side grey pixels with
// that many scans. Each scan after the first changes nothing, has a few bytes
// for every megapixel, and yet makes a decoder walk over the whole picture.
func Progressive(side, scans int) []byte {
	file := []byte("\xff\xd8")
	file = append(file, segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...))...)
	frame := []byte{8}
	frame = binary.BigEndian.AppendUint16(frame, uint16(side))
	frame = binary.BigEndian.AppendUint16(frame, uint16(side))
	file = append(file, segment(0xc2, append(frame, 1, 1, 0x11, 0))...)
	file = append(file, huffman(0x00, 0x00)...) // DC: the one symbol is "no difference"
	file = append(file, huffman(0x10, 0xe0)...) // AC: the one symbol is "nothing for 16,384 blocks and more"
	blocks := (side + 7) / 8 * ((side + 7) / 8)
	file = append(file, scan(0, 0, make([]byte, (blocks+7)/8))...)
	if scans > 1 {
		file = append(file, bytes.Repeat(scan(1, 63, emptyRuns(blocks)), scans-1)...)
	}
	return append(file, "\xff\xd9"...)
}

// emptyRuns writes, as often as blocks needs, the AC symbol (a zero bit) and
// fourteen bits that lengthen the run. They alternate, so that no byte is 0xff,
// which would need an escape.
func emptyRuns(blocks int) []byte {
	var b bits
	for ; blocks > 0; blocks -= 1<<14 + 0x2aaa {
		b.write(0, 1)
		b.write(0x2aaa, 14)
	}
	return b.bytes()
}

func huffman(class, symbol byte) []byte {
	lengths := [16]byte{1} // one code, of one bit
	return segment(0xc4, append(append([]byte{class}, lengths[:]...), symbol))
}

func scan(from, to byte, data []byte) []byte {
	return append(segment(0xda, []byte{1, 1, 0x00, from, to, 0}), data...)
}

func segment(marker byte, body []byte) []byte {
	s := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(2+len(body)))
	return append(s, body...)
}

// bits collects bits into bytes, the most significant first.
type bits struct {
	done []byte
	last uint32
	n    int
}

func (b *bits) write(value uint32, n int) {
	b.last, b.n = b.last<<n|value, b.n+n
	for ; b.n >= 8; b.n -= 8 {
		b.done = append(b.done, byte(b.last>>(b.n-8)))
	}
}

func (b *bits) bytes() []byte { return append(b.done, byte(b.last<<(8-b.n))) }
