package url_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"triptych/faas/api"
	"triptych/faas/registry"
)

// event is what a function got, of which its answer tells.
func (l *lab) event(got response) events.LambdaFunctionURLRequest {
	l.Helper()
	var e events.LambdaFunctionURLRequest
	if err := json.Unmarshal([]byte(got.body), &e); err != nil || got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "application/json" {
		l.Fatalf("answered with %d %q: %v", got.StatusCode, got.body, err)
	}
	return e
}

// TestEvent compares what a function gets with what AWS sends.
func TestEvent(t *testing.T) {
	l := newLab(t, api.Options{})
	id := l.function("event", registry.URL{})
	begun := time.Now().Add(-time.Second)
	got := l.event(l.send(id, `POST /my/p%C3%A4th%2Fone//two?parameter1=value1&parameter1=value2&p%202=a+b%26c&empty&bad=%zz HTTP/1.1
Host: HOST
User-Agent: agent
Content-Type: Text/Plain; charset=utf-8
X-Many: one
X-Many: two
Cookie: cookie1=a; cookie2=b
Connection: keep-alive, X-Hop
X-Hop: left out
TE: trailers
X-Forwarded-For: 9.9.9.9

Hello from client! ü`))
	want := events.LambdaFunctionURLRequest{
		Version: "2.0", RawPath: "/my/p%C3%A4th%2Fone//two", RawQueryString: "parameter1=value1&parameter1=value2&p%202=a+b%26c&empty&bad=%zz",
		Cookies: []string{"cookie1=a", "cookie2=b"},
		Headers: map[string]string{
			"host": l.host(id), "user-agent": "agent", "content-type": "Text/Plain; charset=utf-8", "content-length": "21", "x-many": "one,two",
			"cookie": "cookie1=a; cookie2=b", "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http", "x-forwarded-port": l.port()[1:],
		},
		QueryStringParameters: map[string]string{"parameter1": "value1,value2", "p 2": "a b&c", "empty": "", "bad": "%zz"},
		RequestContext: events.LambdaFunctionURLRequestContext{
			AccountID: "anonymous", APIID: id, DomainName: id + ".lambda-url.us-east-1.localhost", DomainPrefix: id,
			HTTP: events.LambdaFunctionURLRequestContextHTTPDescription{Method: "POST", Path: "/my/päth/one//two", Protocol: "HTTP/1.1", SourceIP: "127.0.0.1", UserAgent: "agent"},
		},
		Body: "Hello from client! ü",
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(events.LambdaFunctionURLRequestContext{}, "RequestID", "Time", "TimeEpoch")); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	at, err := time.Parse("02/Jan/2006:15:04:05 -0700", got.RequestContext.Time)
	if err != nil || at.Before(begun.Truncate(time.Second)) || got.RequestContext.TimeEpoch/1000 != at.Unix() {
		t.Errorf("it came at %s, %d ms: %v", got.RequestContext.Time, got.RequestContext.TimeEpoch, err)
	}
}

// TestBodies sends what is text, and what is not.
func TestBodies(t *testing.T) {
	l := newLab(t, api.Options{})
	id := l.function("event", registry.URL{})
	for _, tt := range []struct {
		kind, body, want string
		base64           bool
	}{
		{"text/plain", "plain", "plain", false},
		{"application/json", `{"a":1}`, `{"a":1}`, false},
		{"application/problem+json", `{}`, `{}`, false},
		{"image/svg+xml", `<svg/>`, `<svg/>`, false},
		{"text/plain", "\xff\xfe", "//4=", true},
		{"application/octet-stream", "plain", "cGxhaW4=", true},
		{"application/x-www-form-urlencoded", "a=b", "YT1i", true},
		{"", "plain", "cGxhaW4=", true},
		{"", "", "", false},
	} {
		got := l.event(l.send(id, "PUT / HTTP/1.1\nHost: HOST\nContent-Type: "+tt.kind+"\n\n"+tt.body))
		if got.Body != tt.want || got.IsBase64Encoded != tt.base64 {
			t.Errorf("%q as %q: got %q, base64 %t, want %q", tt.body, tt.kind, got.Body, got.IsBase64Encoded, tt.want)
		}
	}
}

// TestPath calls a URL by a path of the runner's.
func TestPath(t *testing.T) {
	l := newLab(t, api.Options{})
	id := l.function("event", registry.URL{})
	for _, tt := range []struct{ path, raw, decoded string }{
		{"", "/", "/"},
		{"/", "/", "/"},
		{"/a%20b/?x=%20y", "/a%20b/", "/a b/"},
		{"//_/urls/", "//_/urls/", "//_/urls/"},
	} {
		res := l.send(id, "GET /_/urls/"+id+tt.path+" HTTP/1.1\nHost: 127.0.0.1"+l.port()+"\n\n")
		got := l.event(res)
		if got.RawPath != tt.raw || got.RequestContext.HTTP.Path != tt.decoded || got.Headers["host"] != "127.0.0.1"+l.port() || got.RequestContext.DomainPrefix != id {
			t.Errorf("%s: got %+v", tt.path, got)
		}
		if csp := res.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "sandbox") || strings.Contains(csp, "same-origin") {
			t.Errorf("its pages are pages of the runner: %q", csp)
		}
	}
	if csp := l.send(id, "GET / HTTP/1.1\nHost: HOST\n\n").Header.Get("Content-Security-Policy"); csp != "" {
		t.Errorf("a page with a host of its own has %q", csp)
	}
}
