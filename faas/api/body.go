package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"triptych/faas/function"
)

// What a client may take for a request: a while, and so much for each second.
const (
	bodyTime  = 15 * time.Second
	bodySpeed = 256 << 10 // bytes
)

// bound has a request's body take no longer than its route allows, and not what
// the server does; and lets the answer of a function take as long as functions
// may. With the end of the body the bound on it ends.
func bound(w http.ResponseWriter, r *http.Request, rt route) {
	c := http.NewResponseController(w) // errors: a writer without a connection has no clients to wait for
	if r.Body != nil && r.Body != http.NoBody {
		_ = c.SetReadDeadline(time.Now().Add(bodyTime + time.Duration(rt.limit/bodySpeed)*time.Second))
	}
	if rt.action == invokeAction {
		// Twice: a function that cannot be initialised is tried again.
		_ = c.SetWriteDeadline(time.Now().Add(2*function.MaxTimeout + bodyTime))
	}
}

// answering has a client take no longer for an answer of n bytes, which is held
// until then, than for a request.
func answering(w http.ResponseWriter, n int) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(bodyTime + time.Duration(n/bodySpeed)*time.Second)) // errors: as above
}

// maxDiscard is how many bytes are read of a body that nobody wants.
const maxDiscard = 2 * maxCode

// discard reads what is left of a body, within bounds: a client that is still
// writing when the connection is closed may never see the answer.
func discard(r *http.Request) {
	if r.Header.Get("Expect") == "" { // or it waits to be told to write
		_, _ = io.CopyN(io.Discard, r.Body, maxDiscard)
	}
}

// A heldBody is a body that is in memory.
type heldBody struct {
	*bytes.Reader
	all []byte
}

// Close does nothing: there is nothing to give back.
func (*heldBody) Close() error { return nil }

// readBody reads a body of at most limit bytes. It is not copied when it has
// been read before.
func readBody(r *http.Request, limit int) ([]byte, error) {
	var body []byte
	var err error
	switch b, held := r.Body.(*heldBody); {
	case held:
		body = b.all
	case r.ContentLength > int64(limit):
		return nil, tooLarge(limit)
	case r.ContentLength >= 0:
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
	default:
		body, err = io.ReadAll(io.LimitReader(r.Body, int64(limit)+1))
	}
	switch {
	case err != nil:
		return nil, function.InvalidContent("the body of the request ended early: %v", err)
	case len(body) > limit:
		return nil, tooLarge(limit)
	}
	return body, nil
}

func tooLarge(limit int) error {
	e := function.TooLarge(limit)
	if limit != function.MaxSyncPayload {
		e.Message = fmt.Sprintf("Request must be smaller than %d bytes for this operation", limit)
	}
	return e
}

// decode reads a JSON body; members that Lambda has and this runner has not
// are let be. No body is an empty object.
func decode(r *http.Request, limit int, into any) error {
	body, err := readBody(r, limit)
	if err != nil {
		return err
	}
	return parse(body, into)
}

func parse(body []byte, into any) error {
	if len(body) == 0 {
		body = []byte("{}")
	}
	if err := json.Unmarshal(body, into); err != nil {
		return function.InvalidContent("Could not parse request body into json: %v", err)
	}
	return nil
}
