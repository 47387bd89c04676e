package url

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"triptych/faas/runner"
	"triptych/faas/trace"
)

// maxPrelude is how many bytes the status and the headers of an answer may take.
const maxPrelude = 1 << 20

// invokeStream has the function's answer go to the client while it comes. When
// it breaks off, so does the connection: the client must not take a part for the
// whole.
func (c *call) invokeStream() error {
	s := &stream{call: c}
	result, err := c.runner.Stream(c.r.Context(), c.in, s.pass, s.cut)
	switch {
	case s.begun && (err != nil || result.Failed || s.broken):
		c.abort()
		return nil
	case s.begun:
		return nil
	case err != nil:
		return err
	case s.why != nil && !result.Failed:
		slog.InfoContext(c.r.Context(), "a function answered its URL with what is no response", "function", c.ref.String(), "why", s.why)
	}
	c.w.Header().Set(trace.Name, result.Trace.String())
	return errBroken
}

// abort breaks the connection off. To a client of HTTP/1.0 its end is the end of
// the answer, unless it is reset.
func (c *call) abort() {
	if c.r.ProtoAtLeast(1, 1) {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := http.NewResponseController(c.w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // errors: it is closed
	}
	_ = conn.Close()
}

// A stream is a response that is sent while it comes.
type stream struct {
	*call
	why    error // there is none
	broken bool  // it is not whole, or the client has gone

	mu    sync.Mutex // guards what follows
	begun bool
	over  bool // too late to begin
}

// cut has a client that does not read be waited for no longer. An answer that
// has not begun does not do so any more.
func (s *stream) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.over = true
	if s.begun {
		_ = http.NewResponseController(s.w).SetWriteDeadline(time.Unix(1, 0)) // errors: nobody to wait for
	}
}

// begin writes the head, unless it is too late.
func (s *stream) begin(a *runner.Answer, h head) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return false
	}
	s.begun = true
	s.w.Header().Set(trace.Name, a.Trace.String())
	s.head(h, -1)
	return true
}

// pass sends an answer.
func (s *stream) pass(a *runner.Answer) {
	<-a.Begun()
	h := head{status: http.StatusOK, headers: map[string]string{"Content-Type": "application/octet-stream"}}
	var read []byte
	if kind := a.ContentType(); kind == preludeType {
		if h, read, s.why = readPrelude(a); s.why != nil {
			return
		}
	} else if kind != "" {
		h.headers["Content-Type"] = kind
	}
	buffer := make([]byte, 32<<10)
	n, err := 0, error(nil)
	if read == nil { // what is broken off before there is anything of it has no head
		if n, err = a.Read(buffer); errors.Is(err, runner.ErrBroken) {
			return
		}
		read = buffer[:n]
	}
	if !s.begin(a, h) {
		return
	}
	to := http.NewResponseController(s.w)
	for {
		_, e := s.w.Write(read)
		if errors.Is(e, http.ErrBodyNotAllowed) {
			return // its status has no body, and so it is whole; what comes is thrown away
		}
		if e != nil || to.Flush() != nil {
			s.broken = true
			return
		}
		if err != nil {
			s.broken = errors.Is(err, runner.ErrBroken)
			return
		}
		n, err = a.Read(buffer)
		read = buffer[:n]
	}
}

// readPrelude reads the status and the headers of an answer, and what of its
// body has come with them.
func readPrelude(a *runner.Answer) (head, []byte, error) {
	var read []byte
	buffer := make([]byte, 4<<10)
	for {
		n, err := a.Read(buffer)
		read = append(read, buffer[:n]...)
		if prelude, body, found := bytes.Cut(read, preludeEnd); found {
			h, err := parsePrelude(prelude)
			return h, body, err
		}
		switch {
		case err != nil:
			return head{}, nil, errors.New("it ended before the eight zeros after its status and headers")
		case len(read) > maxPrelude:
			return head{}, nil, errors.New("its status and headers are too long")
		}
	}
}
