package picture

import "encoding/binary"

// tiffOrientation reads tag 274 from the first directory of an EXIF block,
// which is laid out as a TIFF file (CIPA DC-008, section 4.6). Whatever is
// wrong with the block, the picture counts as upright: a photo with broken
// metadata is still a photo.
func tiffOrientation(tiff []byte) int {
	const upright = 1
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return upright
	}
	const size, orientation, short = 12, 274, 3
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < size {
			break
		}
		tag, kind, value := order.Uint16(entries), order.Uint16(entries[2:]), order.Uint16(entries[8:])
		if tag == orientation && kind == short && value >= 1 && value <= 8 {
			return int(value)
		}
		entries = entries[size:]
	}
	return upright
}
