package rest

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"triptych/domain/fault"
)

// MaxJSON is the size to which a JSON body is read, in bytes.
const MaxJSON = 1 << 20

// Decode reads r's body as exactly one JSON value into v and returns the bytes
// it read. Unknown members, duplicate names, trailing data, wrong types, null
// and U+0000 are faults.
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
		return nil, badJSON("%s", where(err))
	}
	return body, plain(body)
}

func badJSON(format string, args ...any) error {
	return fault.New(fault.Malformed, "bad_json", "the body is not the JSON that is wanted: "+format, args...)
}

// plain refuses what may stand in JSON and would be mistaken further on: null,
// which would pass for a field that is absent, and U+0000, which PostgreSQL
// stores in no text.
func plain(body []byte) error {
	if !bytes.Contains(body, []byte("null")) && !bytes.Contains(body, []byte(`\u0000`)) {
		return nil
	}
	for d := jsontext.NewDecoder(bytes.NewReader(body)); ; {
		token, err := d.ReadToken()
		switch {
		case err != nil: // the end: it was read to there before
			return nil
		case token.Kind() == 'n':
			return badJSON("null at %q is no value here", d.StackPointer())
		case token.Kind() == '"' && !storable(token.String()):
			return badJSON("U+0000 at %q may not stand in a text", d.StackPointer())
		}
	}
}

// storable reports whether s is a text that can be stored: UTF-8 without U+0000.
func storable(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

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
// most limit, and zero when it does not. Of several such preferences the first
// counts, and one that cannot be read is ignored, as the RFC asks.
func Wait(r *http.Request, limit time.Duration) time.Duration {
	for _, header := range r.Header.Values("Prefer") {
		for preference := range strings.SplitSeq(header, ",") {
			preference, _, _ = strings.Cut(preference, ";") // its parameters, of which wait has none
			name, value, _ := strings.Cut(preference, "=")
			if !strings.EqualFold(strings.TrimSpace(name), "wait") {
				continue
			}
			n, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 64)
			if err != nil && !errors.Is(err, strconv.ErrRange) { // n is the greatest number then
				return 0
			}
			return time.Duration(min(n, uint64(limit/time.Second))) * time.Second
		}
	}
	return 0
}
