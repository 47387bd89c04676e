package api

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"

	"github.com/google/uuid"

	"triptych/faas/function"
)

// decodeCode is decode for a request with code, which is part of into. A zip
// file is decoded where it stands: as a value of JSON like any other it would be
// held twice, in base64 and without.
func decodeCode(r *http.Request, into any, code *newCode) error {
	body, err := readBody(r, maxCode)
	if err != nil {
		return err
	}
	from, to := longest(body)
	if to-from < small || bytes.ContainsAny(body[from:to], "\\\r\n") {
		return parse(body, into)
	}
	// The rest is read with something else in its place: where that comes out,
	// it was the zip file.
	mark := uuid.New()
	rest := append([]byte(nil), body[:from]...)
	rest = base64.StdEncoding.AppendEncode(rest, mark[:])
	rest = append(rest, body[to:]...)
	if err := json.Unmarshal(rest, into); err != nil || !bytes.Equal(code.ZipFile, mark[:]) {
		return parse(body, into)
	}
	if code.ZipFile, err = inPlace(body[from:to]); err != nil {
		return function.InvalidContent("Could not parse request body into json: %v", err)
	}
	return nil
}

// longest is where the longest text of a JSON document stands, without its
// quotes.
func longest(doc []byte) (from, to int) {
	for i := 0; ; {
		open := bytes.IndexByte(doc[i:], '"')
		if open < 0 {
			return from, to
		}
		open += i + 1
		end := closing(doc, open)
		if end < 0 {
			return from, to
		}
		if end-open > to-from {
			from, to = open, end
		}
		i = end + 1
	}
}

// closing is where the quote stands that ends a text which begins at open; -1
// when there is none.
func closing(doc []byte, open int) int {
	for end := open; ; end++ {
		next := bytes.IndexByte(doc[end:], '"')
		if next < 0 {
			return -1
		}
		end += next
		escapes := 0
		for end-escapes > open && doc[end-escapes-1] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return end
		}
	}
}

// inPlace decodes base64, and writes the result over it.
func inPlace(text []byte) ([]byte, error) {
	const chunk = 4096 // of characters, which are three quarters as many bytes
	var plain [chunk / 4 * 3]byte
	n := 0
	for i := 0; i < len(text); i += chunk {
		m, err := base64.StdEncoding.Decode(plain[:], text[i:min(i+chunk, len(text))])
		if at, ok := err.(base64.CorruptInputError); ok {
			return nil, base64.CorruptInputError(int64(at) + int64(i))
		}
		if m < len(plain) && i+chunk < len(text) { // it ends before its end
			return nil, base64.CorruptInputError(i + m)
		}
		n += copy(text[n:], plain[:m])
	}
	return text[:n], nil
}
