package api

import (
	"encoding/binary"
	"hash/crc32"
)

// eventStreamType is the content type of a stream of events.
const eventStreamType = "application/vnd.amazon.eventstream"

// appendFrame appends an event of a stream, in AWS's framing: how long it all is
// and its headers, a checksum of that, the headers, the payload, and a checksum
// of the whole; numbers are big-endian. Source: "Event stream encoding" in the
// Amazon Transcribe Developer Guide.
func appendFrame(b []byte, kind, contentType string, payload []byte) []byte {
	const prelude, checksum = 12, 4
	from := len(b)
	b = append(b, make([]byte, prelude)...)
	for _, h := range [][2]string{{":message-type", "event"}, {":event-type", kind}, {":content-type", contentType}} {
		const text = 7 // the type of a value
		b = append(b, byte(len(h[0])))
		b = append(b, h[0]...)
		b = append(b, text)
		b = binary.BigEndian.AppendUint16(b, uint16(len(h[1])))
		b = append(b, h[1]...)
	}
	headers := len(b) - from - prelude
	b = append(b, payload...)
	head := b[from:]
	binary.BigEndian.PutUint32(head, uint32(len(head)+checksum))
	binary.BigEndian.PutUint32(head[4:], uint32(headers))
	binary.BigEndian.PutUint32(head[8:], crc32.ChecksumIEEE(head[:8]))
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(head))
}
