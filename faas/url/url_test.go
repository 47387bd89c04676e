package url_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"triptych/faas/api"
	"triptych/faas/registry"
	"triptych/internal/waittest"
)

// TestAnswers has a function answer in every form there is.
func TestAnswers(t *testing.T) {
	l := newLab(t, api.Options{})
	id := l.function("told", registry.URL{})
	const broken = "Internal Server Error"
	for _, tt := range []struct {
		name, answer string
		status       int
		body         string
		headers      http.Header
	}{
		{"the whole form", `{"statusCode":201,"headers":{"content-type":"text/html","x-n":7,"connection":"x-gone","x-gone":"y","content-length":"99"},"body":"<p>","cookies":["a=1; Path=/","b=2"]}`,
			201, "<p>", http.Header{"Content-Type": {"text/html"}, "X-N": {"7"}, "Set-Cookie": {"a=1; Path=/", "b=2"}, "X-Gone": nil, "Content-Length": {"3"}}},
		{"base64", `{"statusCode":200,"body":"AP+ACg==","isBase64Encoded":true}`, 200, "\x00\xff\x80\n", nil},
		{"a status alone", `{"statusCode":404}`, 404, "", http.Header{"Content-Type": {"application/json"}, "Content-Length": {"0"}}},
		{"nothing to say", `{"statusCode":204,"body":null}`, 204, "", nil},
		{"a body that is no text", `{"statusCode":200,"body":{"a":1}}`, 200, `{"a":1}`, nil},
		{"an object", `{"message":"hello"}`, 200, `{"message":"hello"}`, http.Header{"Content-Type": {"application/json"}}},
		{"a text", `"hello"`, 200, `"hello"`, nil},
		{"a list", `[{"statusCode":500}]`, 200, `[{"statusCode":500}]`, nil},
		{"null", `null`, 200, `null`, nil},
		{"no JSON", `hello`, 502, broken, http.Header{"Content-Type": {"application/json"}}},
		{"nothing", ``, 502, broken, nil},
		{"a status that is a text", `{"statusCode":"200"}`, 502, broken, nil},
		{"a status that is none", `{"statusCode":99}`, 502, broken, nil},
		{"bad base64", `{"statusCode":200,"body":"*","isBase64Encoded":true}`, 502, broken, nil},
		{"bad headers", `{"statusCode":200,"headers":["a"]}`, 502, broken, nil},
		{"bad cookies", `{"statusCode":200,"cookies":"a=b"}`, 502, broken, nil},
	} {
		got := l.send(id, "POST /told HTTP/1.1\nHost: HOST\nContent-Type: text/plain\n\n"+tt.answer)
		t.Logf("%s: %d", tt.name, got.StatusCode)
		l.answers(got, tt.status, tt.body)
		for name, values := range tt.headers {
			if diff := cmp.Diff(values, got.Header[name]); diff != "" {
				t.Errorf("%s: %s (-want +got):\n%s", tt.name, name, diff)
			}
		}
		if got.Header.Get("X-Amzn-Requestid") == "" || !strings.HasPrefix(got.Header.Get("X-Amzn-Trace-Id"), "Root=1-") {
			t.Errorf("%s: it has no request id, or no trace: %v", tt.name, got.Header)
		}
	}
	head := l.send(id, "HEAD /fail HTTP/1.1\nHost: HOST\n\n")
	l.answers(head, 502, "")
	l.answers(l.send(id, "GET /fail HTTP/1.1\nHost: HOST\n\n"), 502, broken)
	l.answers(l.send(id, "GET /exit HTTP/1.1\nHost: HOST\n\n"), 502, broken)
	slow := l.function("told", registry.URL{}, func(f *registry.Function) { f.Latest.Timeout = time.Second })
	l.answers(l.send(slow, "GET /sleep HTTP/1.1\nHost: HOST\n\n"), 502, broken)
}

// TestWeb calls a web server's handler that aws-lambda-go has made a function of.
func TestWeb(t *testing.T) {
	l := newLab(t, api.Options{})
	id := l.function("web", registry.URL{})
	got := l.send(id, "POST /a%20b?c=d HTTP/1.1\nHost: HOST\nCookie: e=f\nContent-Type: application/octet-stream\n\nbody \xff")
	l.answers(got, http.StatusTeapot, "POST https://"+id+".lambda-url.us-east-1.localhost/a%20b?c=d e=f body \xff")
	if diff := cmp.Diff([]string{"seen=yes", "twice=yes"}, got.Header["Set-Cookie"]); diff != "" || got.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
	head := l.send(id, "HEAD / HTTP/1.1\nHost: HOST\n\n")
	l.answers(head, http.StatusTeapot, "")
}

// TestRefused sends what no function gets.
func TestRefused(t *testing.T) {
	l := newLab(t, api.Options{})
	id := l.function("told", registry.URL{})
	none := l.function("told", registry.URL{}, func(f *registry.Function) { f.Reserved = new(int) })
	large := strings.Repeat("x", 6<<20)
	for _, tt := range []struct {
		name, request string
		status        int
		body          string
	}{
		{"a URL that is not there", "GET / HTTP/1.1\nHost: abc.lambda-url.us-east-1.localhost", 403, `{"Message":null}`},
		{"of another region", "GET / HTTP/1.1\nHost: " + id + ".lambda-url.eu-west-1.localhost", 403, `{"Message":null}`},
		{"below one", "GET / HTTP/1.1\nHost: a.HOST", 403, `{"Message":null}`},
		{"a path that is not there", "GET /_/urls/abc/ HTTP/1.1\nHost: localhost", 403, `{"Message":null}`},
		{"a path by a name that was pointed here", "GET /_/urls/" + id + "/ HTTP/1.1\nHost: evil.com", 403,
			`{"Message":"The runner was called by the name \"evil.com\", which it does not know: call it by its address or as localhost"}`},
		{"a method that there is not", "PROPFIND / HTTP/1.1\nHost: HOST", 405, `{"Message":"a function URL takes GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"}`},
		{"too large", "POST / HTTP/1.1\nHost: HOST\nContent-Type: text/plain\n\n" + large + "x", 413, `{"Message":"Request must be smaller than 6291456 bytes"}`},
		{"too large in base64", "POST / HTTP/1.1\nHost: HOST\n\n" + large[1<<20:], 413, `{"Message":"Request must be smaller than 6291456 bytes"}`},
		{"throttled", "GET / HTTP/1.1\nHost: " + l.host(none), 429, `{"Message":"Rate Exceeded."}`},
	} {
		got := l.send(id, tt.request)
		t.Logf("%s: %d", tt.name, got.StatusCode)
		l.answers(got, tt.status, tt.body)
	}
	for _, host := range []string{strings.ToUpper(id) + ".Lambda-URL.us-east-1.Localhost", id + ".lambda-url.us-east-1.localhost."} {
		l.answers(l.send(id, "POST / HTTP/1.1\nHost: "+host+"\nContent-Type: text/plain\n\n1"), 200, "1")
	}
}

// TestAlias calls the URL of an alias, whose version answers.
func TestAlias(t *testing.T) {
	l := newLab(t, api.Options{})
	id := ""
	l.function("told", registry.URL{}, func(f *registry.Function) {
		f.Versions = append(f.Versions, f.Latest.Clone())
		f.Versions[0].Version, f.Last = "1", 1
		f.Versions[0].Handler = "event"
		f.SetAlias(registry.Alias{Name: "live", Version: "1"})
		u := f.URLs[""]
		u.ID, id = "of-an-alias", "of-an-alias"
		f.SetURL("live", u)
	})
	if got := l.event(l.send(id, "GET / HTTP/1.1\nHost: HOST\n\n")); got.RequestContext.APIID != id {
		t.Errorf("got %+v", got)
	}
}

// TestGone has a client go away that waits for an instance, and one that waits
// for an answer.
func TestGone(t *testing.T) {
	l := newLab(t, api.Options{})
	id := l.function("told", registry.URL{}, func(f *registry.Function) { f.Latest.Timeout = 2 * time.Second })
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+l.web.Listener.Addr().String()+"/sleep", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = l.host(id)
	went := make(chan error, 1)
	go func() {
		res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err == nil {
			res.Body.Close()
		}
		went <- err
	}()
	busy := func() (n int) {
		for _, c := range l.runner.Counts() {
			n += c.UnderWay
		}
		return n
	}
	waittest.Until(t, "the function runs", func() bool { return busy() == 1 })
	cancel()
	if err := <-went; err == nil {
		t.Error("it was answered")
	}
	waittest.Until(t, "the function was ended at its timeout", func() bool { return busy() == 0 })
}
