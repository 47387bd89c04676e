package sigv4

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"triptych/faas/function"
)

var (
	noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	key  = aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
)

// deliver sends a request over a real connection and verifies what arrives.
func deliver(t *testing.T, req *http.Request, secret string, now time.Time) error {
	t.Helper()
	var got error
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		c, err := Read(r)
		switch {
		case err != nil:
			got = err
		case c == nil:
			got = function.Unsigned()
		case c.AccessKey != key.AccessKeyID:
			t.Errorf("access key %q", c.AccessKey)
		default:
			got = c.Verify(r, body, secret, "lambda", now)
		}
	}))
	defer s.Close()
	to, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	req.URL.Scheme, req.URL.Host = "http", to.Host // where it is sent; Host is what was signed
	res, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	return got
}

func request(t *testing.T, method, uri, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(method, "http://runner.example:9000"+uri, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "runner.example:9000"
	return req
}

func hashOf(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

func sign(t *testing.T, req *http.Request, hash string) {
	t.Helper()
	if err := v4.NewSigner().SignHTTP(context.Background(), key, req, hash, "lambda", "eu-west-3", noon); err != nil {
		t.Fatal(err)
	}
}

// TestOfficialSigner signs as the SDK does and verifies.
func TestOfficialSigner(t *testing.T) {
	const arn = "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aa/invocations"
	requests := map[string]*http.Request{
		"get":           request(t, "GET", "/2015-03-31/functions", ""),
		"root":          request(t, "GET", "/", ""),
		"body":          request(t, "POST", "/2015-03-31/functions/a/invocations", `{"a":1}`),
		"escaped path":  request(t, "POST", arn, "{}"),
		"slash in path": request(t, "GET", "/2017-03-31/tags/a%2Fb", ""),
		"query":         request(t, "DELETE", "/2017-03-31/tags/x?tagKeys=b&tagKeys=a&tagKeys=a-b&a=%20%2B%2F%3D~&z=&a-b=1", ""),
		"plus in query": request(t, "GET", "/x?q=a+b", ""),
		"unicode":       request(t, "GET", "/2017-03-31/tags/%E2%82%AC?q=%E2%82%AC", ""),
	}
	spaces := request(t, "GET", "/", "")
	spaces.Header.Set("X-Amz-Client-Context", "  a   b  ")
	spaces.Header.Add("X-Amz-Meta-Two", "1")
	spaces.Header.Add("X-Amz-Meta-Two", "2")
	requests["spaces and two values"] = spaces
	for name, req := range requests {
		t.Run(name, func(t *testing.T) {
			var body bytes.Buffer
			if req.Body != nil {
				_, _ = io.Copy(&body, req.Body)
				req.Body = io.NopCloser(bytes.NewReader(body.Bytes()))
			}
			sign(t, req, hashOf(body.String()))
			if err := deliver(t, req, key.SecretAccessKey, noon); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestHashes(t *testing.T) {
	tests := []struct {
		name, signed, header, sent string
		ok                         bool
	}{
		{"hash in a header", hashOf("{}"), hashOf("{}"), "{}", true},
		{"unsigned body", Unsigned, Unsigned, "anything", true},
		{"another body", hashOf("{}"), hashOf("{}"), "[]", false},
		{"another body, no header", hashOf("{}"), "", "[]", false},
		{"streaming", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "{}", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := request(t, "POST", "/x", tt.sent)
			if tt.header != "" {
				req.Header.Set("X-Amz-Content-Sha256", tt.header)
			}
			sign(t, req, tt.signed)
			if err := deliver(t, req, key.SecretAccessKey, noon); (err == nil) != tt.ok {
				t.Errorf("verified: %v", err)
			}
		})
	}
}

// TestRefusals changes a signed request on its way.
func TestRefusals(t *testing.T) {
	tests := []struct {
		name   string
		change func(*http.Request)
		secret string
		now    time.Time
		kind   string
	}{
		{name: "another secret", secret: "other", kind: "InvalidSignatureException"},
		{name: "another method", change: func(r *http.Request) { r.Method = "PUT" }, kind: "InvalidSignatureException"},
		{name: "another path", change: func(r *http.Request) { r.URL.Path = "/y" }, kind: "InvalidSignatureException"},
		{name: "another query", change: func(r *http.Request) { r.URL.RawQuery = "a=2" }, kind: "InvalidSignatureException"},
		{name: "another host", change: func(r *http.Request) { r.Host = "evil.example" }, kind: "InvalidSignatureException"},
		{name: "another header", change: func(r *http.Request) { r.Header.Set("X-Amz-Log-Type", "Tail") }, kind: "InvalidSignatureException"},
		{name: "another time", change: func(r *http.Request) { r.Header.Set("X-Amz-Date", "20260301T120001Z") }, kind: "InvalidSignatureException"},
		{name: "another day", change: func(r *http.Request) { r.Header.Set("X-Amz-Date", "20260302T000000Z") }, kind: "InvalidSignatureException"},
		{name: "14 minutes late", now: noon.Add(14 * time.Minute)},
		{name: "16 minutes late", now: noon.Add(16 * time.Minute), kind: "InvalidSignatureException"},
		{name: "16 minutes early", now: noon.Add(-16 * time.Minute), kind: "InvalidSignatureException"},
		{name: "no date", change: func(r *http.Request) { r.Header.Del("X-Amz-Date") }, kind: "IncompleteSignatureException"},
		{name: "unsigned", change: func(r *http.Request) { r.Header.Del("Authorization") }, kind: "MissingAuthenticationTokenException"},
		{name: "nothing but a name", change: func(r *http.Request) { r.Header.Set("Authorization", algorithm) }, kind: "IncompleteSignatureException"},
		{name: "asymmetric", change: swap(algorithm, "AWS4-ECDSA-P256-SHA256"), kind: "IncompleteSignatureException"},
		{name: "host not signed", change: swap("host;", ""), kind: "IncompleteSignatureException"},
		{name: "headers out of order", change: swap("host;x-amz-date", "x-amz-date;host"), kind: "IncompleteSignatureException"},
		{name: "another service", change: swap("/lambda/", "/s3/"), kind: "InvalidSignatureException"},
		{name: "short signature", change: swap("Signature=", "Signature=ab"), kind: "IncompleteSignatureException"},
		{name: "a region without its name", change: swap("/eu-west-3", ""), kind: "IncompleteSignatureException"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req := request(t, "GET", "/x?a=1", "")
			req.Header.Set("X-Amz-Log-Type", "None")
			sign(t, req, hashOf(""))
			if tt.change != nil {
				tt.change(req)
			}
			secret, now := key.SecretAccessKey, noon
			if tt.secret != "" {
				secret = tt.secret
			}
			if !tt.now.IsZero() {
				now = tt.now
			}
			err := deliver(t, req, secret, now)
			kind := ""
			if e, ok := errors.AsType[*function.Error](err); ok {
				kind = e.Type
			}
			if kind != tt.kind {
				t.Errorf("got %q (%v), want %q", kind, err, tt.kind)
			}
		})
	}
}

func swap(from, to string) func(*http.Request) {
	return func(r *http.Request) {
		r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
	}
}

func TestPresigned(t *testing.T) {
	presign := func(expires string) *http.Request {
		req := request(t, "GET", "/2015-03-31/functions?Marker=a%2Fb&X-Amz-Expires="+expires, "")
		signed, _, err := v4.NewSigner().PresignHTTP(context.Background(), key, req, hashOf(""), "lambda", "us-east-1", noon)
		if err != nil {
			t.Fatal(err)
		}
		out, err := http.NewRequest("GET", signed, nil)
		if err != nil {
			t.Fatal(err)
		}
		out.Host = "runner.example:9000"
		return out
	}
	tests := []struct {
		expires string
		now     time.Time
		ok      bool
	}{
		{"3600", noon.Add(59 * time.Minute), true},
		{"3600", noon.Add(61 * time.Minute), false},
		{"60", noon.Add(2 * time.Minute), false},
		{"3600", noon.Add(-16 * time.Minute), false},
		{"604801", noon, false},
		{"0", noon, false},
		{"x", noon, false},
	}
	for _, tt := range tests {
		if err := deliver(t, presign(tt.expires), key.SecretAccessKey, tt.now); (err == nil) != tt.ok {
			t.Errorf("expires %s, at %s: %v", tt.expires, tt.now, err)
		}
	}
	req := presign("3600")
	req.URL.RawQuery = strings.Replace(req.URL.RawQuery, "Marker=a", "Marker=b", 1)
	if err := deliver(t, req, key.SecretAccessKey, noon); err == nil {
		t.Error("a changed query was accepted")
	}
}
