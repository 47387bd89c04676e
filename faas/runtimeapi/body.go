package runtimeapi

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http/httputil"

	"triptych/faas/function"
)

const (
	maxReply    = function.MaxReply
	maxSkipped  = 256 << 10 // of a body that nobody wants; what net/http skips
	maxTrailers = 1 << 20
	atOnce      = 64 << 10 // allocated for a body on its word
)

var (
	errTooLarge = errors.New("body is too large")
	errTrailer  = errors.New("trailers are malformed, or too large")
)

// A trailer is what a function says after the body of a response that it could
// not end: its error, in base64.
type trailer struct{ kind, body string }

// trailed is the answer of such a function.
func trailed(t trailer) Reply {
	body, err := base64.StdEncoding.DecodeString(t.body)
	if err != nil || len(body) == 0 {
		body, _ = json.Marshal(map[string]string{"errorType": t.kind, "errorMessage": "the answer was broken off"})
	}
	return Reply{Payload: body, Failed: true, ErrorType: t.kind}
}

// body reads the body of a request, and what comes after it.
func (c *conn) body(h head, limit int) (body []byte, t trailer, err error) {
	switch {
	case h.chunked:
		if body, err = read(httputil.NewChunkedReader(c.in), limit); err == nil {
			t, err = readTrailers(c.in)
		}
	case h.length > limit:
		err = errTooLarge
	case h.length <= atOnce:
		body = make([]byte, h.length)
		_, err = io.ReadFull(c.in, body)
	default:
		body, err = io.ReadAll(io.LimitReader(c.in, int64(h.length)))
		if len(body) < h.length {
			err = io.ErrUnexpectedEOF
		}
	}
	return body, t, err
}

// reply reads an answer, or hands it on.
func (c *conn) reply(h head, x *Exchange) (body []byte, t trailer, err error) {
	if x.Stream == nil || h.verb != response {
		return c.body(h, maxReply)
	}
	t, err = c.stream(h, x)
	return nil, t, err
}

// stream hands on the body of an answer while it comes, and reads what comes
// after it.
func (c *conn) stream(h head, x *Exchange) (t trailer, err error) {
	if h.chunked {
		if _, err = c.server.pass(x, h.contentType, httputil.NewChunkedReader(c.in)); err == nil {
			t, err = readTrailers(c.in)
		}
		return t, err
	}
	n, err := c.server.pass(x, h.contentType, io.LimitReader(c.in, int64(h.length)))
	if err == nil && n < h.length {
		err = io.ErrUnexpectedEOF
	}
	return t, err
}

// read reads a body of at most limit bytes to its end.
func read(body io.Reader, limit int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(body, int64(limit)+1))
	if err == nil && len(b) > limit {
		return nil, errTooLarge
	}
	return b, err
}

// readTrailers reads what follows the last chunk, to the empty line.
func readTrailers(in *bufio.Reader) (t trailer, err error) {
	for total := 0; total <= maxTrailers; {
		line, err := readLine(in, maxTrailers)
		if err != nil {
			return t, err
		}
		if len(line) == 0 {
			return t, nil
		}
		total += len(line)
		name, value, ok := bytes.Cut(line, []byte(":"))
		if value = bytes.Trim(value, " \t"); !ok || !isToken(name) || !isPrintable(value) {
			return t, errTrailer
		}
		switch {
		case is(name, errorTypeLower):
			t.kind = string(value)
		case is(name, errorBodyLower):
			t.body = string(value)
		}
	}
	return t, errTrailer
}

// readLine returns a line without its end, until the next read.
func readLine(in *bufio.Reader, limit int) ([]byte, error) {
	line, err := in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		whole := bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) && len(whole) < limit {
			line, err = in.ReadSlice('\n')
			whole = append(whole, line...)
		}
		line = whole
	}
	if err != nil {
		return nil, err
	}
	line, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok {
		return nil, errTrailer
	}
	return line, nil
}
