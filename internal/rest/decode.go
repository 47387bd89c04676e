package rest

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"triptych/domain/fault"
)

// MaxJSON is the size to which a JSON body is read, in bytes.
const MaxJSON = 1 << 20

// Decode reads r's body as exactly one JSON value into v and returns the bytes
// it read. Unknown members, duplicate names, trailing data and wrong types are
// faults.
func Decode(w http.ResponseWriter, r *http.Request, v any) ([]byte, error) {
	if err := RequireMedia(r, "application/json"); err != nil {
		return nil, err
	}
	body, err := Body(w, r, MaxJSON)
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(body, v, json.RejectUnknownMembers(true))
	if errors.Is(err, json.ErrUnknownName) {
		return nil, fault.New(fault.Malformed, "unknown_field", "the JSON has a field that is not known here: %s", where(err))
	}
	if err != nil {
		return nil, fault.New(fault.Malformed, "bad_json", "the body is not the JSON that is wanted: %s", where(err))
	}
	return body, nil
}

// where says what is wrong and at which JSON pointer, without Go's words for it.
func where(err error) string {
	var semantic *json.SemanticError
	if errors.As(err, &semantic) {
		what := "a value of another type is wanted"
		switch {
		case errors.Is(err, json.ErrUnknownName):
			what = "no such field"
		case semantic.Err != nil && !strings.Contains(semantic.Err.Error(), "Go "):
			what = semantic.Err.Error()
		}
		return what + " at " + strconv.Quote(string(semantic.JSONPointer))
	}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		return syntax.Err.Error() + " at " + strconv.Quote(string(syntax.JSONPointer))
	}
	return "unexpected end or text"
}

// Body reads r's body, up to limit bytes.
func Body(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	return body, BodyFault(err)
}

// BodyFault translates an error of reading a request's body: too long, or
// broken off. nil stays nil.
func BodyFault(err error) error {
	var over *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &over):
		return tooLarge(over.Limit)
	default:
		return fault.New(fault.Malformed, "bad_json", "the body could not be read to its end")
	}
}

func tooLarge(limit int64) error {
	return fault.New(fault.TooLarge, "body_too_large", "the body may have at most %d bytes", limit)
}

// RequireMedia returns the fault "unsupported_media_type" unless the request's
// Content-Type is one of those.
func RequireMedia(r *http.Request, types ...string) error {
	got, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	for _, t := range types {
		if err == nil && got == t {
			return nil
		}
	}
	return fault.New(fault.UnsupportedMedia, "unsupported_media_type", "Content-Type must be %s", strings.Join(types, " or "))
}

// Wait returns how long the client wishes to wait (RFC 7240, "wait=N"), at
// most limit, and zero when it does not. A preference that cannot be read is
// ignored, as the RFC asks.
func Wait(r *http.Request, limit time.Duration) time.Duration {
	for _, header := range r.Header.Values("Prefer") {
		for preference := range strings.SplitSeq(header, ",") {
			name, value, ok := strings.Cut(strings.TrimSpace(preference), "=")
			n, err := strconv.Atoi(strings.Trim(strings.TrimSpace(value), `"`))
			if ok && err == nil && n >= 0 && strings.EqualFold(strings.TrimSpace(name), "wait") {
				return min(time.Duration(n)*time.Second, limit)
			}
		}
	}
	return 0
}
