package url

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"triptych/faas/function"
)

const (
	// preludeType is the content type of an answer that begins with its status
	// and headers in JSON, and goes on with its body after some zeros.
	preludeType = "application/vnd.awslambda.http-integration-response"

	jsonType = "application/json"
)

// preludeEnd stands between the two.
var preludeEnd = make([]byte, 8)

// A head is a response without its body.
type head struct {
	status  int
	headers map[string]string
	cookies []string
}

// An answer is a whole response.
type answer struct {
	head
	body []byte
}

// parse reads what a function has answered. Source: "Response payload format" in
// the AWS Lambda Developer Guide.
func parse(contentType string, payload []byte) (answer, error) {
	if contentType == preludeType {
		prelude, body, found := bytes.Cut(payload, preludeEnd)
		if !found {
			return answer{}, errors.New("there are no eight zeros after the status and the headers")
		}
		h, err := parsePrelude(prelude)
		return answer{h, body}, err
	}
	if !json.Valid(payload) {
		return answer{}, errors.New("it is no JSON")
	}
	var in struct {
		fields
		Body            json.RawMessage `json:"body"`
		IsBase64Encoded bool            `json:"isBase64Encoded"`
	}
	if !hasStatus(payload) {
		return answer{head{status: http.StatusOK}, payload}, nil
	}
	if err := json.Unmarshal(payload, &in); err != nil {
		return answer{}, err
	}
	h, err := in.head()
	if err != nil {
		return answer{}, err
	}
	body := []byte(scalar(in.Body))
	if in.IsBase64Encoded {
		if body, err = base64.StdEncoding.DecodeString(string(body)); err != nil {
			return answer{}, fmt.Errorf("its body is no base64: %w", err)
		}
	}
	return answer{h, body}, nil
}

// hasStatus tells whether an answer says which status it has. Otherwise it is a
// body.
func hasStatus(payload []byte) bool {
	var object map[string]json.RawMessage
	if json.Unmarshal(payload, &object) != nil {
		return false
	}
	_, ok := object["statusCode"]
	return ok
}

func parsePrelude(b []byte) (head, error) {
	f := fields{StatusCode: []byte("200")}
	if err := json.Unmarshal(b, &f); err != nil {
		return head{}, fmt.Errorf("its status and headers are no JSON: %w", err)
	}
	return f.head()
}

// fields are what both forms have.
type fields struct {
	StatusCode json.RawMessage            `json:"statusCode"`
	Headers    map[string]json.RawMessage `json:"headers"`
	Cookies    []string                   `json:"cookies"`
}

func (f fields) head() (head, error) {
	const least, most = 200, 599
	status, err := strconv.Atoi(string(f.StatusCode))
	if err != nil || status < least || status > most {
		return head{}, fmt.Errorf("its statusCode is %.40s: it must be a number from %d to %d", f.StatusCode, least, most)
	}
	h := head{status: status, headers: map[string]string{}, cookies: f.Cookies}
	for name, value := range f.Headers {
		h.headers[name] = scalar(value)
	}
	return h, nil
}

// scalar is a text, or the JSON of anything else; null is empty.
func scalar(value json.RawMessage) string {
	var s string
	if len(value) == 0 || json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(value)
}

// head writes the status and the headers of a response; length is that of its
// body, or less than 0 when it is not known yet.
func (c *call) head(h head, length int) {
	to := c.w.Header()
	to.Set("Content-Type", jsonType)
	from := http.Header{}
	for name, value := range h.headers {
		from.Set(name, value)
	}
	keep := endToEnd(from)
	for name, values := range from {
		if keep(name) && name != "Content-Length" {
			to[name] = values
		}
	}
	for _, cookie := range h.cookies {
		to.Add("Set-Cookie", cookie)
	}
	c.cors()
	c.apart()
	if length >= 0 && h.status != http.StatusNoContent && h.status != http.StatusNotModified {
		to.Set("Content-Length", strconv.Itoa(length))
	}
	c.w.WriteHeader(h.status)
}

// apart has a browser take what the function answers for a page of nobody, when
// its address is one of the runner's: scripts of it could call the runner's API.
func (c *call) apart() {
	if c.target.beside {
		c.w.Header().Add("Content-Security-Policy", "sandbox allow-downloads allow-forms allow-modals allow-popups allow-scripts")
	}
}

// fail answers in the function's place.
func (c *call) fail(err error) {
	c.gate.Discard(c.r)
	r := refused(err)
	if r.status == http.StatusInternalServerError && c.r.Context().Err() == nil { // or the client has gone
		slog.ErrorContext(c.r.Context(), "a request for a function URL failed", "function", c.ref.String(), "err", function.From(err).Err)
	}
	h := c.w.Header()
	h.Set("Content-Type", jsonType)
	c.cors()
	switch r.status {
	case http.StatusTooManyRequests:
		h.Set("Retry-After", "1")
	case http.StatusForbidden:
		h.Set("X-Amzn-Errortype", "AccessDeniedException")
	}
	body := []byte(r.message)
	if r != errBroken { // which AWS writes like this
		body = describe(r.message)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(r.status)
	_, _ = c.w.Write(body)
}

func describe(message string) []byte {
	var body struct{ Message *string }
	if message != "" {
		body.Message = &message
	}
	b, _ := json.Marshal(body)
	return b
}
