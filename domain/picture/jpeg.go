package picture

import (
	"bytes"
	"encoding/binary"
)

// Markers of JPEG segments (ITU-T T.81, table B.1).
const (
	sof0 = 0xc0 // baseline frame
	sof2 = 0xc2 // progressive frame
	rst0 = 0xd0
	eoi  = 0xd9
	sos  = 0xda // start of a scan
	app1 = 0xe1
	tem  = 0x01
)

// maxScans bounds how often a progressive file may make the decoder walk over
// the whole picture: a scan that changes nothing takes some forty bytes a
// megapixel, so that without a bound 8 MiB could keep a processor busy for
// many minutes. Encoders write about ten. Every pair of bytes that could start a scan is
// counted, those in an embedded preview too, so the count is never too low.
const maxScans = 100

// jpegHeader reads from the segments before the first scan how the picture is
// turned and how many bytes decoding it takes.
func jpegHeader(data []byte, w, h int) (orientation int, memory int64) {
	orientation = 1
	memory = 8 * int64(w) * int64(h)
	for marker, body := range segments(data) {
		switch marker {
		case app1:
			if tiff, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok {
				orientation = tiffOrientation(tiff)
			}
		case sof0, sof0 + 1, sof2:
			memory = frameMemory(body, w, h, marker == sof2)
		}
	}
	return orientation, memory
}

// frameMemory follows what image/jpeg allocates: a plane of bytes for each
// component; for a progressive frame, its coefficients too, as int32; and a copy with
// four bytes a pixel where the components are not luminance and chrominance.
func frameMemory(frame []byte, w, h int, progressive bool) int64 {
	const fixed, each = 6, 3
	pixels := int64(w) * int64(h)
	if len(frame) < fixed || len(frame) < fixed+each*int(frame[5]) {
		return 8 * pixels // the decoder will refuse it
	}
	components := int(frame[5])
	var area, whole int
	var across, down int
	for c := range components {
		sampling := frame[fixed+each*c+1]
		area += int(sampling>>4) * int(sampling&15)
		across, down = max(across, int(sampling>>4)), max(down, int(sampling&15))
	}
	whole = max(across*down, 1)
	if components == 1 {
		area, whole = 1, 1 // a single component is never subsampled
	}
	perSample := int64(1)
	if progressive {
		perSample += 4
	}
	memory := pixels * perSample * int64(area) / int64(whole)
	if components == 4 || components == 3 && frame[fixed] == 'R' {
		memory += 4 * pixels
	}
	return memory
}

// segments yields the marker and the body of each segment before the first scan.
func segments(data []byte) func(yield func(marker byte, body []byte) bool) {
	return func(yield func(byte, []byte) bool) {
		rest := data
		for {
			start := bytes.IndexByte(rest, 0xff)
			if start < 0 || start+1 == len(rest) {
				return
			}
			marker := rest[start+1]
			if marker == 0xff { // any number of them may fill
				rest = rest[start+1:]
				continue
			}
			rest = rest[start+2:]
			if marker == 0 || marker == tem || marker >= rst0 && marker < eoi {
				continue // stands alone
			}
			if marker == eoi || marker == sos || len(rest) < 2 {
				return
			}
			n := int(binary.BigEndian.Uint16(rest))
			if n < 2 || n > len(rest) || !yield(marker, rest[2:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}
