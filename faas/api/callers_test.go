package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"triptych/faas/api"
)

// TestKey calls a runner that has a key.
func TestKey(t *testing.T) {
	now := time.Now()
	s, ctx := serve(t, api.Options{AccessKey: "local", SecretKey: "local", Now: func() time.Time { return now }}), t.Context()
	s.must("a")
	s.answer("a", "")
	list := func(c *lambda.Client) error {
		_, err := c.ListFunctions(ctx, &lambda.ListFunctionsInput{})
		return err
	}
	failed(t, list(s.as("local", "wrong", "")), "InvalidSignatureException", "does not match")
	failed(t, list(s.as("other", "local", "")), "UnrecognizedClientException", "security token")
	res, body := s.call("GET", "/2015-03-31/functions", "")
	if res.StatusCode != 403 || res.Header.Get("X-Amzn-Errortype") != "MissingAuthenticationTokenException" {
		t.Errorf("unsigned: %d %s", res.StatusCode, body)
	}
	if res, body := s.call("POST", "/2015-03-31/functions/a/invocations", "{}", "Authorization", "AWS4-HMAC-SHA256 nonsense"); res.StatusCode != 403 || res.Header.Get("X-Amzn-Errortype") != "IncompleteSignatureException" {
		t.Errorf("nonsense: %d %s", res.StatusCode, body)
	}
	if res, body := s.call("GET", "/nowhere", ""); res.StatusCode != 403 {
		t.Errorf("what is nowhere, unsigned: %d %s", res.StatusCode, body)
	}
	// With a key, no page can call whatever it sends; so nothing else is asked.
	ok(t, list(s.Client))
	now = now.Add(16 * time.Minute)
	failed(t, list(s.Client), "InvalidSignatureException", "Signature expired")
}

// own is a client with the key that a function has.
func (s *served) own(name string) *lambda.Client {
	c := s.runner.Credentials(name)
	return s.as(c.AccessKey, c.SecretKey, c.SessionToken)
}

// TestFunctionsCall has functions call others by their own keys.
func TestFunctionsCall(t *testing.T) {
	for _, o := range []api.Options{{}, {AccessKey: "local", SecretKey: "local"}} {
		s, ctx := serve(t, o), t.Context()
		s.must("a", func(in *lambda.CreateFunctionInput) { in.Tags = map[string]string{"runner:may-invoke": "b"} })
		s.must("b", func(in *lambda.CreateFunctionInput) { in.Tags = map[string]string{"runner:may-invoke": ""} })
		s.must("c")
		for _, call := range []struct {
			from, to string
			allowed  bool
		}{{"a", "b", true}, {"a", "b:$LATEST", true}, {"a", "c", false}, {"a", "a", false}, {"b", "a", false}, {"c", "a", true}, {"c", "c", true}} {
			for _, kind := range []types.InvocationType{types.InvocationTypeDryRun, types.InvocationTypeEvent} {
				_, err := s.own(call.from).Invoke(ctx, &lambda.InvokeInput{FunctionName: &call.to, InvocationType: kind})
				if call.allowed {
					ok(t, err)
					continue
				}
				failed(t, err, "AccessDeniedException", "lambda:InvokeFunction on resource: arn:aws:lambda:us-east-1:000000000000:function:"+call.to)
			}
		}
		_, err := s.own("c").DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("a")})
		failed(t, err, "AccessDeniedException", "lambda:DeleteFunction")
		_, err = s.own("c").ListEventSourceMappings(ctx, &lambda.ListEventSourceMappingsInput{})
		failed(t, err, "AccessDeniedException", "nothing else")

		a, c := s.runner.Credentials("a"), s.runner.Credentials("c")
		_, err = s.as(a.AccessKey, c.SecretKey, a.SessionToken).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("b"), InvocationType: types.InvocationTypeDryRun})
		failed(t, err, "InvalidSignatureException", "does not match")
		// Its key with another's token is nobody's key.
		_, err = s.as(a.AccessKey, a.SecretKey, c.SessionToken).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("c"), InvocationType: types.InvocationTypeDryRun})
		if o.AccessKey != "" {
			failed(t, err, "UnrecognizedClientException", "security token")
		}
		_, err = s.DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: aws.String("c")})
		ok(t, err)
		_, err = s.as(c.AccessKey, c.SecretKey, c.SessionToken).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("a"), InvocationType: types.InvocationTypeDryRun})
		failed(t, err, "UnrecognizedClientException", "security token")
	}
}

// TestBrowsers asks as a browser does for the pages of several sites.
func TestBrowsers(t *testing.T) {
	s := serve(t, api.Options{Hosts: []string{"faas.school.org"}})
	s.must("a")
	own := strings.TrimPrefix(s.url, "http://")
	const invoke, list = "POST /2015-03-31/functions/a/invocations", "GET /2015-03-31/functions"
	for _, tt := range []struct {
		name, request string
		headers       []string
		allowed       bool
	}{
		{"no browser", invoke, nil, true},
		{"another site", invoke, []string{"Origin", "http://evil.example", "Content-Type", "text/plain"}, false},
		{"another site, newer browser", invoke, []string{"Sec-Fetch-Site", "cross-site"}, false},
		{"another port", invoke, []string{"Origin", "http://127.0.0.1:1"}, false},
		{"same site, another origin", invoke, []string{"Sec-Fetch-Site", "same-site"}, false},
		{"a file", invoke, []string{"Origin", "null"}, false},
		{"its own page", invoke, []string{"Origin", "http://" + own}, true},
		{"its own page, newer browser", invoke, []string{"Origin", "http://" + own, "Sec-Fetch-Site", "same-origin"}, true},
		{"a domain that was pointed here", invoke, []string{"Host", "evil.com:9000", "Origin", "http://evil.com:9000"}, false},
		{"a domain that was pointed here, read", list, []string{"Host", "evil.com:9000"}, false},
		{"another runner's certificate name", list, []string{"Host", "127.0.0.1.evil.com"}, false},
		{"localhost", list, []string{"Host", "localhost:9000"}, true},
		{"a service of compose", list, []string{"Host", "faas:9000"}, true},
		{"from a container", list, []string{"Host", "host.docker.internal:9000"}, true},
		{"IPv6", list, []string{"Host", "[::1]:9000"}, true},
		{"IPv6 without a port", list, []string{"Host", "[::1]"}, true},
		{"a name that is allowed", list, []string{"Host", "FaaS.school.org."}, true},
		{"signed with a key that nobody looks at, by a page", invoke, []string{"Origin", "http://evil.example", "Authorization",
			"AWS4-HMAC-SHA256 Credential=A/20260101/r/lambda/aws4_request, SignedHeaders=host, Signature=" + strings.Repeat("0", 64), "X-Amz-Date", "20260101T000000Z"}, false},
	} {
		method, path, _ := strings.Cut(tt.request, " ")
		res, body := s.call(method, path, "", tt.headers...)
		if allowed := res.StatusCode == 200; allowed != tt.allowed || !allowed && res.StatusCode != 403 {
			t.Errorf("%s: %d %s", tt.name, res.StatusCode, body)
		}
	}
}

// TestTokenOfNobody signs with keys of AWS, which a runner without one lets be.
func TestTokenOfNobody(t *testing.T) {
	s := serve(t, api.Options{})
	s.must("a")
	for _, token := range []string{"***", base64.StdEncoding.EncodeToString([]byte("no such function")), base64.StdEncoding.EncodeToString([]byte("a"))} {
		// Keys of AWS that somebody has in their environment are nobody's here.
		_, err := s.as("ASIAIOSFODNN7EXAMPLE", "secret", token).ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
		ok(t, err)
	}
}

// TestGuard lets through to what stands beside the API whom the API would.
func TestGuard(t *testing.T) {
	s := serve(t, api.Options{})
	s.must("a")
	for _, tt := range []struct {
		name string
		o    api.Options
		sign *aws.Credentials
		want int
	}{
		{name: "anybody", want: http.StatusTeapot},
		{name: "unsigned", o: api.Options{AccessKey: "k", SecretKey: "s"}, want: http.StatusForbidden},
		{name: "signed", o: api.Options{AccessKey: "k", SecretKey: "s"}, sign: &aws.Credentials{AccessKeyID: "k", SecretAccessKey: "s"}, want: http.StatusTeapot},
		{name: "a function", sign: s.credentials("a"), want: http.StatusForbidden},
	} {
		h := api.Guard(s.runner, tt.o, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if body, err := io.ReadAll(r.Body); err != nil || string(body) != "{}" {
				t.Errorf("%s: body %q, %v", tt.name, body, err)
			}
			w.WriteHeader(http.StatusTeapot)
		}))
		r := httptest.NewRequest("POST", "http://localhost/_/x", strings.NewReader("{}"))
		if tt.sign != nil {
			sum := sha256.Sum256([]byte("{}"))
			ok(t, v4.NewSigner().SignHTTP(t.Context(), *tt.sign, r, hex.EncodeToString(sum[:]), "lambda", "us-east-1", time.Now()))
		}
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != tt.want {
			t.Errorf("%s: %d %s", tt.name, w.Code, w.Body)
		}
	}
}

func (s *served) credentials(name string) *aws.Credentials {
	c := s.runner.Credentials(name)
	return &aws.Credentials{AccessKeyID: c.AccessKey, SecretAccessKey: c.SecretKey, SessionToken: c.SessionToken}
}
