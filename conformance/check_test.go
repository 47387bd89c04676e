package conformance

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"triptych/internal/porttest"
)

// TestCheckGoesOn has a shop with a mistake that the first case notices, and
// ends after a few more: a case that fails must not keep others from running.
func TestCheckGoesOn(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	notice := mistake{answer: func(_ *proxy, r *http.Request, a *reply) {
		if r.URL.Path == "/v1/info" {
			a.header.Del("Trace-Id")
		}
	}}
	target := Target{URL: startProxy(t, startShop(t), "", notice), Manager: boss}
	var failed []string
	n := 0
	sum, err := Check(ctx, target, func(r Result) {
		if len(r.Problems) > 0 {
			failed = append(failed, r.Name)
		}
		if n++; n == 5 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || n != 5 || sum.Passed+sum.Failed != 5 || sum.Failed != len(failed) || sum.Requests < 10 {
		t.Errorf("%+v after %d cases, %v", sum, n, err)
	}
	if len(failed) == 0 || len(failed) == n || failed[0] != "says that it is alive, ready, and what it is" {
		t.Errorf("failed: %q", failed)
	}
}

func TestCheckSaysWhyItCannotBegin(t *testing.T) {
	notAShop := httptest.NewServer(http.NotFoundHandler())
	defer notAShop.Close()
	for name, test := range map[string]struct{ url, want string }{
		"nobody there": {"http://" + porttest.Addr(t), "connection refused"},
		"not a shop":   {notAShop.URL, "status is 404"},
	} {
		_, err := Check(t.Context(), Target{URL: test.url, Manager: boss}, func(Result) { t.Error("it began") })
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), boss.Email) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
