package runtimeapi

import (
	"errors"
	"io"
	"sync"

	"triptych/faas/function"
)

// ErrBroken ends the reading of an answer that is not whole.
var ErrBroken = errors.New("the answer was broken off")

// A Stream is an answer on its way from a function to who reads it. Nothing of
// it is held: a function that writes faster than it is read has to wait.
type Stream struct {
	out   *io.PipeReader
	in    *io.PipeWriter
	once  sync.Once
	begun chan struct{}
	kind  string
}

// NewStream returns a stream for the answer to one event.
func NewStream() *Stream {
	s := &Stream{begun: make(chan struct{})}
	s.out, s.in = io.Pipe()
	return s
}

// Begun is closed when the function has begun to answer, or will not any more.
func (s *Stream) Begun() <-chan struct{} { return s.begun }

// HasBegun tells whether Begun is closed.
func (s *Stream) HasBegun() bool {
	select {
	case <-s.begun:
		return true
	default:
		return false
	}
}

// ContentType is the function's, after Begun.
func (s *Stream) ContentType() string { return s.kind }

// Read reads what the function writes, as it comes: to io.EOF, or to ErrBroken
// when the rest will not come.
func (s *Stream) Read(b []byte) (int, error) { return s.out.Read(b) }

// Close has the rest thrown away as it comes.
func (s *Stream) Close() { _ = s.out.Close() } // never fails

// Break ends a stream that is not whole; one that is at its end stays so.
func (s *Stream) Break() {
	_ = s.in.CloseWithError(ErrBroken) // never fails
	s.start("")
}

func (s *Stream) start(contentType string) {
	s.once.Do(func() {
		s.kind = contentType
		close(s.begun)
	})
}

// finish is the end of an event: of its stream too. When it is lost before the
// function has begun to answer, somebody else may still do so.
func (s *Stream) finish(r Reply, lost bool) {
	switch {
	case s == nil, lost && !s.HasBegun():
	case lost, r.Failed, r.TooLarge:
		s.Break()
	default:
		_ = s.in.Close() // never fails
	}
}

// opens is the begin of an answer that is read as it comes. It returns false
// when it comes too late. From here on whoever ends the exchange ends the
// stream, so that nobody waits for its reader.
func (s *Server) opens(x *Exchange, contentType string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[x.RequestID] != x {
		return false
	}
	x.Stream.start(contentType)
	return true
}

var passed = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// pass hands on the body of an answer, and returns its length. What nobody reads
// any more is thrown away.
func (s *Server) pass(x *Exchange, contentType string, body io.Reader) (n int, err error) {
	if !s.opens(x, contentType) {
		return 0, nil // which settle will tell
	}
	buffer := passed.Get().(*[32 << 10]byte)
	defer passed.Put(buffer)
	for {
		some, err := body.Read(buffer[:])
		if n += some; n > function.MaxStream {
			return n, errTooLarge
		}
		if some > 0 {
			_, _ = x.Stream.in.Write(buffer[:some])
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}
