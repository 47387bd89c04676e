package url_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"triptych/faas/api"
	"triptych/faas/registry"
)

// TestCors calls URLs from web pages.
func TestCors(t *testing.T) {
	l := newLab(t, api.Options{})
	const shop, evil = "https://shop.example", "https://evil.example"
	cors := &registry.Cors{AllowOrigins: []string{shop}, AllowMethods: []string{"PUT", "POST"}, AllowHeaders: []string{"x-one", "x-two"},
		ExposeHeaders: []string{"x-three"}, MaxAge: 60, AllowCredentials: true}
	some := l.function("told", registry.URL{Cors: cors})
	every := l.function("told", registry.URL{Cors: &registry.Cors{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}}})
	own := l.function("told", registry.URL{})
	const told = "\nContent-Type: text/plain\n\n" + `{"statusCode":200,"headers":{"Access-Control-Allow-Origin":"https://function.example","Access-Control-Max-Age":"1"},"body":"told"}`
	for _, tt := range []struct {
		name, id, request string
		status            int
		want              map[string]string
	}{
		{"asked before", some, "OPTIONS / HTTP/1.1\nHost: HOST\nAccess-Control-Request-Method: PUT\nOrigin: " + shop, 200, map[string]string{
			"Origin": shop, "Methods": "PUT,POST", "Headers": "x-one,x-two", "Credentials": "true", "Max-Age": "60", "Expose-Headers": "x-three"}},
		{"asked before by another", some, "OPTIONS / HTTP/1.1\nHost: HOST\nAccess-Control-Request-Method: PUT\nOrigin: " + evil, 200, nil},
		{"asked before by anybody", every, "OPTIONS / HTTP/1.1\nHost: HOST\nAccess-Control-Request-Method: PUT\nOrigin: " + evil, 200, map[string]string{"Origin": "*", "Methods": "*"}},
		{"asked before of who answers itself", own, "OPTIONS / HTTP/1.1\nHost: HOST\nAccess-Control-Request-Method: PUT\nOrigin: " + shop + told, 200,
			map[string]string{"Origin": "https://function.example", "Max-Age": "1"}},
		{"options that ask for nothing", some, "OPTIONS / HTTP/1.1\nHost: HOST" + told, 200, nil},
		{"sent", some, "POST / HTTP/1.1\nHost: HOST\nSec-Fetch-Site: cross-site\nOrigin: " + shop + told, 200, map[string]string{"Origin": shop, "Credentials": "true", "Expose-Headers": "x-three"}},
		{"sent by another", some, "POST / HTTP/1.1\nHost: HOST\nSec-Fetch-Site: cross-site\nOrigin: " + evil + told, 403, nil},
		{"sent by anybody", every, "POST / HTTP/1.1\nHost: HOST\nSec-Fetch-Site: cross-site\nOrigin: null" + told, 200, map[string]string{"Origin": "*"}},
		{"sent to who has no Cors", own, "POST / HTTP/1.1\nHost: HOST\nOrigin: " + shop + told, 403, nil},
		{"sent by its own page", own, "POST / HTTP/1.1\nHost: HOST\nSec-Fetch-Site: same-origin\nOrigin: http://HOST" + told, 200, map[string]string{"Origin": "https://function.example", "Max-Age": "1"}},
		{"sent by no page", some, "POST / HTTP/1.1\nHost: HOST" + told, 200, nil},
		{"looked at by another", some, "GET / HTTP/1.1\nHost: HOST\nSec-Fetch-Site: cross-site\nOrigin: " + evil + told, 200, nil},
		{"failed", some, "GET /fail HTTP/1.1\nHost: HOST\nOrigin: " + shop, 502, map[string]string{"Origin": shop, "Credentials": "true", "Expose-Headers": "x-three"}},
	} {
		request := tt.request
		if !strings.Contains(request, "\n\n") {
			request += "\n\n"
		}
		got := l.send(tt.id, request)
		cors := map[string]string{}
		for name, values := range got.Header {
			if of, ok := strings.CutPrefix(name, "Access-Control-"); ok {
				cors[strings.TrimPrefix(of, "Allow-")] = strings.Join(values, " ")
			}
		}
		if tt.want == nil {
			tt.want = map[string]string{}
		}
		if diff := cmp.Diff(tt.want, cors); diff != "" || got.StatusCode != tt.status {
			t.Errorf("%s: %d %s, want %d (-want +got):\n%s", tt.name, got.StatusCode, got.body, tt.status, diff)
		}
	}
}

// TestSigned calls URLs that ask for a signature.
func TestSigned(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	key := aws.Credentials{AccessKeyID: "KEY", SecretAccessKey: "secret"}
	l := newLab(t, api.Options{AccessKey: key.AccessKeyID, SecretKey: key.SecretAccessKey, Now: func() time.Time { return now }})
	id := l.function("event", registry.URL{Auth: registry.AuthIAM})
	const body = `{"a":1}`
	signed := func(by aws.Credentials, service, body string) response {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+l.host(id)+"/a%20b/?c=d&e", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		sum := sha256.Sum256([]byte(body))
		if err := v4.NewSigner().SignHTTP(t.Context(), by, r, hex.EncodeToString(sum[:]), service, "us-east-1", now); err != nil {
			t.Fatal(err)
		}
		r.Host, r.URL.Host = r.URL.Host, l.web.Listener.Addr().String()
		return l.do(r)
	}
	e := l.event(signed(key, "lambda", body))
	want := &events.LambdaFunctionURLRequestContextAuthorizerIAMDescription{AccessKey: "KEY", AccountID: "000000000000", CallerID: "000000000000",
		UserARN: "arn:aws:iam::000000000000:root", UserID: "000000000000"}
	if diff := cmp.Diff(want, e.RequestContext.Authorizer.IAM); diff != "" || e.RequestContext.AccountID != "000000000000" || e.Body != body {
		t.Errorf("%+v (-want +got):\n%s", e, diff)
	}

	f, _, _ := strings.Cut("f-"+id[:8], "/")
	c := l.runner.Credentials(f)
	function := aws.Credentials{AccessKeyID: c.AccessKey, SecretAccessKey: c.SecretKey, SessionToken: c.SessionToken}
	e = l.event(signed(function, "lambda", body))
	if iam := e.RequestContext.Authorizer.IAM; iam.UserARN != "arn:aws:sts::000000000000:assumed-role/"+f+"/"+f || iam.CallerID != c.AccessKey+":"+f {
		t.Errorf("a function is %+v", iam)
	}
	if _, err := l.runner.Registry.Change(f, func(f *registry.Function) error { f.MayInvoke = []string{"other"}; return nil }); err != nil {
		t.Fatal(err)
	}
	refused := map[string]response{
		"no signature":                l.send(id, "GET / HTTP/1.1\nHost: HOST\n\n"),
		"a signature that is none":    l.send(id, "GET / HTTP/1.1\nHost: HOST\nAuthorization: AWS4-HMAC-SHA256 x\n\n"),
		"another secret":              signed(aws.Credentials{AccessKeyID: "KEY", SecretAccessKey: "guess"}, "lambda", body),
		"another key":                 signed(aws.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "secret"}, "lambda", body),
		"for another service":         signed(key, "s3", body),
		"a function that may not":     signed(function, "lambda", body),
		"a function with a false key": signed(aws.Credentials{AccessKeyID: "ASIA", SecretAccessKey: "x", SessionToken: c.SessionToken}, "lambda", body),
	}
	now = now.Add(time.Hour)
	refused["too late"] = func() response {
		earlier := now.Add(-time.Hour)
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.host(id)+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := v4.NewSigner().SignHTTP(t.Context(), key, r, "UNSIGNED-PAYLOAD", "lambda", "us-east-1", earlier); err != nil {
			t.Fatal(err)
		}
		r.Host, r.URL.Host = r.URL.Host, l.web.Listener.Addr().String()
		return l.do(r)
	}()
	for name, got := range refused {
		if got.StatusCode != http.StatusForbidden || got.body != `{"Message":"Forbidden"}` || got.Header.Get("X-Amzn-Errortype") != "AccessDeniedException" {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.body)
		}
	}
}

// TestNoKey asks a runner that has no key for a URL that wants a signature:
// nobody has one that could be looked at.
func TestNoKey(t *testing.T) {
	l := newLab(t, api.Options{})
	id := l.function("event", registry.URL{Auth: registry.AuthIAM})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.host(id)+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	key := aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}
	if err := v4.NewSigner().SignHTTP(t.Context(), key, r, hex.EncodeToString(sha256.New().Sum(nil)), "lambda", "us-east-1", time.Now()); err != nil {
		t.Fatal(err)
	}
	r.Host, r.URL.Host = r.URL.Host, l.web.Listener.Addr().String()
	l.answers(l.do(r), http.StatusForbidden, `{"Message":"Forbidden"}`)
}

// TestExpect sends a body only once it is asked for: one that is too large is
// not.
func TestExpect(t *testing.T) {
	l := newLab(t, api.Options{})
	id := l.function("told", registry.URL{})
	send := func(length int64) (asked bool, status int) {
		one := strings.NewReader("1")
		body := readerFunc(func(b []byte) (int, error) { asked = true; return one.Read(b) })
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+l.web.Listener.Addr().String()+"/", body)
		if err != nil {
			t.Fatal(err)
		}
		r.Host, r.ContentLength = l.host(id), length
		r.Header.Set("Expect", "100-continue")
		r.Header.Set("Content-Type", "text/plain")
		web := &http.Transport{DisableKeepAlives: true, ExpectContinueTimeout: time.Hour}
		res, err := web.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		return asked, res.StatusCode
	}
	if asked, status := send(1); !asked || status != 200 {
		t.Errorf("the body was asked for: %t, %d", asked, status)
	}
	if asked, status := send(7 << 20); asked || status != http.StatusRequestEntityTooLarge {
		t.Errorf("a large body was asked for: %t, %d", asked, status)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
