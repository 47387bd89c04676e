package runtimeapi

import (
	"bytes"
	"strings"

	"triptych/faas/function"
)

// A head is a request's line and headers, when it is one of the three that
// events are made of.
type head struct {
	verb        verb
	id          string // of the event that is answered
	length      int    // of the body
	chunked     bool
	contentType string
	errorType   string
}

type verb int

const (
	next verb = iota
	response
	failure
)

const (
	nextLine     = "GET /2018-06-01/runtime/invocation/next HTTP/1.1"
	answerPrefix = "POST /2018-06-01/runtime/invocation/"
	responseEnd  = "/response HTTP/1.1"
	failureEnd   = "/error HTTP/1.1"

	maxID = 128

	errorTypeLower = "lambda-runtime-function-error-type"
	errorBodyLower = "lambda-runtime-function-error-body"
)

// parseHead reads the head that b begins with, and returns its length, or zero
// when it has no end yet. ok is false when it is not plain: when net/http could
// read anything else in it than we do, it is left to that.
func parseHead(b []byte) (h head, n int, ok bool) {
	line, n, ok := cutLine(b, 0)
	if n == 0 || !ok {
		return h, 0, ok
	}
	if !h.start(line) {
		return h, 0, false
	}
	var seen fields
	for {
		line, end, ok := cutLine(b, n)
		if end == 0 || !ok {
			return h, 0, ok
		}
		n = end
		if len(line) == 0 {
			if !seen.host || h.chunked && seen.length || h.verb == next && (h.chunked || h.length > 0) {
				return h, 0, false
			}
			return h, n, true
		}
		if !h.field(line, &seen) {
			return h, 0, false
		}
	}
}

// cutLine returns the line that begins at from, without its end, and where the
// next begins; zero when the line has no end yet. Lines that do not end in CRLF
// are not plain.
func cutLine(b []byte, from int) (line []byte, next int, ok bool) {
	i := bytes.IndexByte(b[from:], '\n')
	if i < 0 {
		return nil, 0, true
	}
	if i == 0 || b[from+i-1] != '\r' {
		return nil, 0, false
	}
	return b[from : from+i-1], from + i + 1, true
}

func (h *head) start(line []byte) bool {
	if string(line) == nextLine {
		h.verb = next
		return true
	}
	rest, ok := bytes.CutPrefix(line, []byte(answerPrefix))
	if !ok {
		return false
	}
	id, ok := bytes.CutSuffix(rest, []byte(responseEnd))
	h.verb = response
	if !ok {
		id, ok = bytes.CutSuffix(rest, []byte(failureEnd))
		h.verb = failure
	}
	if !ok || len(id) == 0 || len(id) > maxID {
		return false
	}
	for _, c := range id {
		if !isAlphanumeric(c) && c != '-' {
			return false
		}
	}
	h.id = string(id)
	return true
}

// fields are the headers that may be there once.
type fields struct{ host, length, encoding, kind, errorType bool }

// field reads a header. What has no effect is only looked at.
func (h *head) field(line []byte, seen *fields) bool {
	colon := bytes.IndexByte(line, ':')
	if colon <= 0 || !isToken(line[:colon]) {
		return false
	}
	name, value := line[:colon], bytes.Trim(line[colon+1:], " \t")
	if !isPrintable(value) {
		return false
	}
	switch {
	case is(name, "host"):
		return once(&seen.host) && isHost(value)
	case is(name, "content-length"):
		var ok bool
		h.length, ok = parseLength(value)
		return once(&seen.length) && ok
	case is(name, "transfer-encoding"):
		h.chunked = true
		return once(&seen.encoding) && string(value) == "chunked"
	case is(name, "trailer"):
		return plainTrailer(value)
	case is(name, "connection"):
		return is(value, "keep-alive")
	case is(name, "expect"), is(name, "upgrade"):
		return false
	case is(name, "content-type"):
		if once(&seen.kind) {
			h.contentType = string(value)
		}
	case is(name, errorTypeLower):
		if once(&seen.errorType) {
			h.errorType = string(value)
		}
	}
	return true
}

// is tells whether a token is a word, which is in lower case.
func is(token []byte, word string) bool {
	if len(token) != len(word) {
		return false
	}
	for i, c := range token {
		if c|0x20 != word[i] {
			return false
		}
	}
	return true
}

func once(seen *bool) bool {
	was := *seen
	*seen = true
	return !was
}

func parseLength(b []byte) (n int, ok bool) {
	if len(b) == 0 || len(b) > 8 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, n <= function.MaxReply
}

// plainTrailer tells whether only such trailers are announced as are read.
func plainTrailer(value []byte) bool {
	for name := range bytes.SplitSeq(value, []byte(",")) {
		if name = bytes.Trim(name, " \t"); !is(name, errorTypeLower) && !is(name, errorBodyLower) {
			return false
		}
	}
	return true
}

func isToken(b []byte) bool {
	for _, c := range b {
		if !isAlphanumeric(c) && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return len(b) > 0
}

func isPrintable(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' || c > '~' {
			return false
		}
	}
	return true
}

func isHost(b []byte) bool {
	for _, c := range b {
		if !isAlphanumeric(c) && c != '.' && c != ':' && c != '-' {
			return false
		}
	}
	return len(b) > 0
}

func isAlphanumeric(c byte) bool {
	return c-'0' <= 9 || c|0x20 >= 'a' && c|0x20 <= 'z'
}
