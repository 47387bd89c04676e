package trace_test

import (
	"net/http"
	"testing"

	"triptych/faas/trace"
)

func TestARequestSaysWhoseSpanCalls(t *testing.T) {
	const (
		amazon = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:3"
		w3c    = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	)
	for name, c := range map[string]struct{ amazon, w3c, want string }{
		"neither":              {"", "", ""},
		"X-Ray's":              {amazon, "", amazon},
		"W3C's":                {"", w3c, "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1"},
		"both":                 {amazon, w3c, "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=1;Lineage=1:a87bd80c:3"},
		"both, W3C's is wrong": {amazon, "00-0-0-01", amazon},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			h.Set("X-Amzn-Trace-Id", c.amazon)
			h.Set("traceparent", c.w3c)
			if got := trace.FromRequest(h).String(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
