package picture

import "encoding/binary"

// pngOrientation reads the eXIf chunk, if there is one before the first pixels.
func pngOrientation(data []byte) int {
	const frame = 12 // length, name and checksum of a chunk
	rest := data[len(pngMagic):]
	for len(rest) >= frame {
		n := int64(binary.BigEndian.Uint32(rest))
		if n > int64(len(rest)-frame) {
			break
		}
		switch name, body := string(rest[4:8]), rest[8:8+n]; name {
		case "eXIf":
			return tiffOrientation(body)
		case "IDAT", "IEND":
			return 1
		}
		rest = rest[n+frame:]
	}
	return 1
}

// pngClaim returns the sides that a PNG says it has, when they are so large that
// image/png does not read on: their product overflows there.
func pngClaim(data []byte) (w, h int, ok bool) {
	const widthAt, heightAt, end = 16, 20, 24
	if len(data) < end || string(data[12:16]) != "IHDR" {
		return 0, 0, false
	}
	w, h = int(binary.BigEndian.Uint32(data[widthAt:])), int(binary.BigEndian.Uint32(data[heightAt:]))
	return w, h, w > MaxSide && h > MaxSide
}

// pngMemory follows what image/png allocates: one byte a pixel with a palette,
// else four, or eight at sixteen bits a channel; and, interlaced, half as much
// again for the last of the seven passes.
func pngMemory(data []byte, w, h int) int64 {
	const depthAt, colourAt, interlaceAt, paletted = 24, 25, 28, 3
	perPixel := int64(4)
	switch {
	case data[colourAt] == paletted:
		perPixel = 1
	case data[depthAt] == 16:
		perPixel = 8
	}
	memory := perPixel * int64(w) * int64(h)
	if data[interlaceAt] != 0 {
		memory += memory / 2
	}
	return memory
}
