package rpc

import "io"

// Pieces returns what comes in pieces, one message each, as one stream. next
// returns the next piece, and io.EOF after the last.
func Pieces(next func() ([]byte, error)) io.Reader { return &pieces{next: next} }

type pieces struct {
	next func() ([]byte, error)
	rest []byte // of the last piece
}

// Read implements io.Reader.
func (p *pieces) Read(b []byte) (n int, err error) {
	for len(p.rest) == 0 {
		if p.rest, err = p.next(); err != nil {
			return 0, err
		}
	}
	n = copy(b, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}
