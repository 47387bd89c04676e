package api

import (
	"encoding/base64"
	"net/http"
	"testing"

	"triptych/faas/function"
)

// TestClientContext reads what callers send beside the event. What is no JSON
// object is refused before a function gets it as a header, and ends of it.
func TestClientContext(t *testing.T) {
	for given, want := range map[string]string{
		"":                          "",
		`{"custom":{"a":"b"}}`:      `{"custom":{"a":"b"}}`,
		"{\"a\":\n\"ä\x7f\"}":       "{\"a\":\n\"ä\\u007f\"}",
		`{"a":1} {"b":2}`:           "refused",
		"{\"a\":\"\x00\"}":          "refused",
		"{\"a\":1}\r\n\r\nHTTP/1.1": "refused",
		"[1]":                       "refused",
		"null":                      "refused",
		"hello":                     "refused",
		"\x1b[31m":                  "refused",
		"\xff\xfe":                  "refused",
	} {
		r := &http.Request{Header: http.Header{"X-Amz-Client-Context": {base64.StdEncoding.EncodeToString([]byte(given))}}}
		got, err := clientContext(r)
		if err != nil {
			got = "refused"
			if e := function.From(err); e.Type != "InvalidRequestContentException" {
				t.Errorf("%q: %s", given, e.Type)
			}
		}
		if got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}
