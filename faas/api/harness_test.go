package api_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/smithy-go"
	"go.uber.org/goleak"

	"triptych/faas/api"
	"triptych/faas/function"
	"triptych/faas/runner"
	"triptych/faas/sandbox"
	"triptych/internal/waittest"
)

// The process that watches over this one stays for as long as it lives.
func TestMain(m *testing.M) {
	waittest.Main(m, goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
}

// echo is a program that answers with its event, and its version before it.
const echo = `#!/bin/sh
set -eu
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
event="$(mktemp)"
while :; do
	id="$(curl -sS -o "$event" -w '%header{lambda-runtime-aws-request-id}' "$api/next")"
	curl -sS -o /dev/null --data-binary "{\"version\":\"$AWS_LAMBDA_FUNCTION_VERSION\",\"greeting\":\"${GREETING:-}\",\"code\":\"CODE\",\"event\":$(cat "$event")}" "$api/$id/response"
done
`

// program is a zip file with a program in it that says what it is.
func program(t testing.TB, name string) []byte {
	t.Helper()
	return script(t, strings.Replace(echo, "CODE", name, 1))
}

// script is a zip file with a program in it.
func script(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	h.SetMode(fs.FileMode(0o755))
	f, err := w.CreateHeader(h)
	if err == nil {
		_, err = io.WriteString(f, text)
	}
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A served is a runner with its API, and the official client of it.
type served struct {
	*lambda.Client
	t      *testing.T
	runner *runner.Runner
	url    string
	data   string
}

func serve(t *testing.T, o api.Options) *served {
	t.Helper()
	data := t.TempDir()
	r, err := runner.Open(runner.Options{
		Data: filepath.Join(data, "runner"), Addr: "127.0.0.1:1", Isolation: sandbox.None,
		Concurrency: 200, KeepAlive: time.Minute, Cache: 1 << 30, Logs: 1 << 20,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	web := httptest.NewServer(api.Handler(r, o))
	t.Cleanup(web.Close)
	s := &served{t: t, runner: r, url: web.URL, data: filepath.Join(data, "runner")}
	s.Client = s.as("local", "local", "")
	return s
}

// as is a client with another key.
func (s *served) as(key, secret, token string) *lambda.Client {
	web := &http.Client{Transport: &http.Transport{}}
	s.t.Cleanup(web.CloseIdleConnections)
	return lambda.New(lambda.Options{
		Region: function.Region, BaseEndpoint: &s.url, RetryMaxAttempts: 1, HTTPClient: web,
		Credentials: credentials.NewStaticCredentialsProvider(key, secret, token),
	})
}

// must creates a function and waits until it is active.
func (s *served) must(name string, changes ...func(*lambda.CreateFunctionInput)) {
	s.t.Helper()
	in := &lambda.CreateFunctionInput{
		FunctionName: &name, Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
		Role: aws.String("arn:aws:iam::000000000000:role/" + name), Code: &types.FunctionCode{ZipFile: program(s.t, "one")},
	}
	for _, change := range changes {
		change(in)
	}
	if _, err := s.CreateFunction(s.t.Context(), in); err != nil {
		s.t.Fatal(err)
	}
	s.active(name)
}

// active waits as the official client does.
func (s *served) active(name string) {
	s.t.Helper()
	w := lambda.NewFunctionActiveV2Waiter(s, func(o *lambda.FunctionActiveV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, 5*time.Millisecond
	})
	if err := w.Wait(s.t.Context(), &lambda.GetFunctionInput{FunctionName: &name}, time.Minute); err != nil {
		s.t.Fatal(err)
	}
}

// updated waits as the official client does.
func (s *served) updated(name string) {
	s.t.Helper()
	w := lambda.NewFunctionUpdatedV2Waiter(s, func(o *lambda.FunctionUpdatedV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = time.Millisecond, 5*time.Millisecond
	})
	if err := w.Wait(s.t.Context(), &lambda.GetFunctionInput{FunctionName: &name}, time.Minute); err != nil {
		s.t.Fatal(err)
	}
}

func (s *served) publish(name string) string {
	s.t.Helper()
	out, err := s.PublishVersion(s.t.Context(), &lambda.PublishVersionInput{FunctionName: &name})
	if err != nil {
		s.t.Fatal(err)
	}
	return *out.Version
}

// call sends a raw request; every second one of headers is a value.
func (s *served) call(method, path, body string, headers ...string) (*http.Response, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	req.Close = true
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, string(got)
}

// failed checks the type of an exception, as the client has recognised it, and
// what its message begins with.
func failed(t *testing.T, err error, kind, message string) {
	t.Helper()
	e, ok := errors.AsType[smithy.APIError](err)
	if !ok || e.ErrorCode() != kind || !strings.Contains(e.ErrorMessage(), message) {
		t.Errorf("got %v, want %s: …%s…", err, kind, message)
	}
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
