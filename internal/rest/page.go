package rest

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"triptych/domain/fault"
)

// A Page asks for a part of a list.
type Page struct {
	Limit int    // how many items at most
	After string // the key of the last item of the page before; empty for the first page
}

// A List is a page of items. Next is the key of the last one when there are more.
type List[T any] struct {
	Items []T
	Next  string
}

// Cut makes a page of rows, which were read with one more than limit to see
// whether there are more; key names a row.
func Cut[T any](rows []T, limit int, key func(T) string) List[T] {
	if len(rows) <= limit {
		return List[T]{Items: rows}
	}
	rows = rows[:limit]
	return List[T]{rows, key(rows[limit-1])}
}

// ReadPage reads ?limit= and ?cursor=.
func ReadPage(q url.Values) (Page, error) {
	p := Page{Limit: 20}
	if s := q.Get("limit"); q.Has("limit") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 100 {
			return p, BadParameter("limit", "must be a whole number from 1 to 100")
		}
		p.Limit = n
	}
	if s := q.Get("cursor"); q.Has("cursor") {
		after, err := base64.RawURLEncoding.DecodeString(s)
		if err != nil || len(after) == 0 || len(after) > 200 || !storable(string(after)) {
			return p, BadParameter("cursor", "must be the value of next in an earlier answer")
		}
		p.After = string(after)
	}
	return p, nil
}

// Cursor returns the opaque form of a key, for ?cursor=. An empty key, the end
// of a list, stays empty.
func Cursor(key string) string { return base64.RawURLEncoding.EncodeToString([]byte(key)) }

// Known returns the fault "bad_parameter" when the query holds a parameter
// that is not named, one twice, or a value that is no text.
func Known(r *http.Request, names ...string) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, fault.New(fault.Malformed, "bad_parameter", "the query string cannot be read")
	}
	for name, values := range q {
		if !slices.Contains(names, name) {
			return nil, BadParameter(name, "is not known here")
		}
		if len(values) > 1 {
			return nil, BadParameter(name, "is there more than once")
		}
		if !storable(values[0]) {
			return nil, BadParameter(name, "must be UTF-8 without U+0000")
		}
	}
	return q, nil
}

// BadParameter is the fault of a query parameter.
func BadParameter(name, what string) error {
	return fault.New(fault.Malformed, "bad_parameter", "the parameter %q %s", name, what)
}
