package rest

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"triptych/domain/fault"
)

// status translates a fault's kind for HTTP.
var status = map[fault.Kind]int{
	fault.Internal:         http.StatusInternalServerError,
	fault.Malformed:        http.StatusBadRequest,
	fault.Unauthenticated:  http.StatusUnauthorized,
	fault.Forbidden:        http.StatusForbidden,
	fault.NotFound:         http.StatusNotFound,
	fault.MethodNotAllowed: http.StatusMethodNotAllowed,
	fault.Conflict:         http.StatusConflict,
	fault.TooLarge:         http.StatusRequestEntityTooLarge,
	fault.UnsupportedMedia: http.StatusUnsupportedMediaType,
	fault.Invalid:          http.StatusUnprocessableEntity,
	fault.TooMany:          http.StatusTooManyRequests,
	fault.Unavailable:      http.StatusServiceUnavailable,
}

// A problem is RFC 9457's problem detail, with our code and, for 422, every
// field that breaks a rule.
type problem struct {
	Type     string  `json:"type"`
	Title    string  `json:"title"`
	Status   int     `json:"status"`
	Detail   string  `json:"detail"`
	Instance string  `json:"instance"`
	Code     string  `json:"code"`
	Errors   []field `json:"errors,omitempty"`
}

type field struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// clientGone is the status of an answer that nobody is there to read, in
// telemetry alone: that a client went away is no error of ours. nginx uses the
// same number.
const clientGone = 499

// Problem answers with err as problem+json. It logs err when the fault is
// ours; translate turns what a driver returns into a fault, and may be nil.
func Problem(w http.ResponseWriter, r *http.Request, err error, translate func(error) error) {
	if translate != nil {
		err = translate(err)
	}
	f := fault.From(err)
	code := status[f.Kind]
	if f.Kind == fault.Internal {
		if gone := r.Context().Err(); gone != nil && errors.Is(err, gone) {
			w.WriteHeader(clientGone)
			return
		}
		slog.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "err", err)
	}
	p := problem{
		Type:     "about:blank",
		Title:    http.StatusText(code),
		Status:   code,
		Detail:   f.Detail,
		Instance: r.URL.EscapedPath(),
		Code:     f.Code,
	}
	for _, b := range f.Fields {
		p.Errors = append(p.Errors, field{b.Pointer, b.Detail})
	}
	if f.Kind == fault.Invalid && f.Code == "invalid" && len(p.Errors) == 0 {
		p.Errors = []field{{"", f.Detail}} // the body as a whole
	}
	body, _ := json.Marshal(p, jsontext.AllowInvalidUTF8(true)) // strings and numbers: cannot fail
	h := w.Header()
	if f.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	}
	if f.Kind == fault.Unauthenticated {
		h.Set("WWW-Authenticate", "Bearer")
	}
	h.Del("Preference-Applied") // nothing was waited for
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write(body)
}

// Recover turns a panic of a handler into an error that says where, so that
// the client gets an answer and the log the stack.
func Recover(h Handler) Handler {
	return func(w http.ResponseWriter, r *http.Request) (err error) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				panic(p) // net/http's own way to hang up
			default:
				err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		return h(w, r)
	}
}

// Overloaded is the answer to a request that is shed.
func Overloaded() error {
	return fault.New(fault.Unavailable, "overloaded", "too many requests at this moment; try again shortly").After(time.Second)
}
