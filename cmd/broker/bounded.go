package main

import (
	"encoding/binary"
	"fmt"
	"net"
)

// maxRequest is the largest request that is read, in bytes. Clients send batches
// of a megabyte or so.
const maxRequest = 16 << 20

// bounded is a listener whose connections break at a request that is too large.
// Each begins with its size, for which kfake makes room before it reads on: for
// more than a gigabyte, when it is somebody's "GET / HTTP/1.1".
type bounded struct{ net.Listener }

// Accept implements net.Listener.
func (l bounded) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &boundedConn{Conn: c}, nil
}

type boundedConn struct {
	net.Conn
	size [4]byte // of the request that begins
	seen int     // so many bytes of size
	left int     // so many bytes of the request itself
}

// Read implements net.Conn.
func (c *boundedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	for b := p[:n]; len(b) > 0; {
		if c.left > 0 {
			skip := min(c.left, len(b))
			c.left -= skip
			b = b[skip:]
			continue
		}
		took := copy(c.size[c.seen:], b)
		c.seen += took
		b = b[took:]
		if c.seen < len(c.size) {
			continue
		}
		size := binary.BigEndian.Uint32(c.size[:])
		if size > maxRequest {
			return 0, fmt.Errorf("a request of %d bytes", size)
		}
		c.seen, c.left = 0, int(size)
	}
	return n, err
}
