package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"triptych/faas/api"
	"triptych/internal/waittest"
)

// TestSigned calls a runner without a key where functions call it: only they
// are let in.
func TestSigned(t *testing.T) {
	s, ctx := serve(t, api.Options{Signed: true}), t.Context()
	invoke := func(c *lambda.Client) error {
		_, err := c.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("a"), InvocationType: types.InvocationTypeDryRun})
		return err
	}
	failed(t, invoke(s.own("a")), "UnrecognizedClientException", "security token") // there is no a yet
	for _, c := range []*lambda.Client{s.Client, s.as("local", "local", "token")} {
		failed(t, invoke(c), "UnrecognizedClientException", "security token")
	}
	for _, headers := range [][]string{nil, {"Authorization", "AWS4-HMAC-SHA256 nonsense"},
		{"Authorization", "AWS4-HMAC-SHA256 Credential=/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0", "X-Amz-Date", "20260101T000000Z"}} {
		for _, request := range []string{"/2015-03-31/functions", "/nowhere"} {
			if res, body := s.call("GET", request, "", headers...); res.StatusCode != 403 {
				t.Errorf("%s with %q: %d %s", request, headers, res.StatusCode, body)
			}
		}
	}
}

// TestNoBodyOfWhoMayNot has a function send what it may not, with a signature
// that nobody has verified yet: its body is not read to do so.
func TestNoBodyOfWhoMayNot(t *testing.T) {
	s := serve(t, api.Options{})
	s.must("a")
	r := forged(s, "/2015-03-31/functions")
	r.Header.Set("Expect", "100-continue") // and what is not wanted is not read either
	read := false
	r.Body = io.NopCloser(readerFunc(func([]byte) (int, error) { read = true; return 0, io.EOF }))
	w := httptest.NewRecorder()
	api.Handler(s.runner, api.Options{Signed: true}).ServeHTTP(w, r)
	if w.Code != 403 || w.Header().Get("X-Amzn-Errortype") != "AccessDeniedException" || read {
		t.Errorf("%d %s, read: %t", w.Code, w.Body, read)
	}
}

// forged is a request with a function's key and no signature of it.
func forged(s *served, path string) *http.Request {
	key := s.runner.Credentials("a")
	r := httptest.NewRequest("POST", path, nil)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+key.AccessKey+"/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature="+strings.Repeat("0", 64))
	r.Header.Set("X-Amz-Date", "20260101T000000Z")
	r.Header.Set("X-Amz-Security-Token", key.SessionToken)
	return r
}

// TestWhatAFunctionSendsIsBounded has a function begin more bodies than the
// runner reads of it at a time: the others wait.
func TestWhatAFunctionSendsIsBounded(t *testing.T) {
	s := serve(t, api.Options{})
	s.must("a")
	h := api.Handler(s.runner, api.Options{Signed: true})
	const sent, atOnce = 24, 10 // of 6 MB
	var reading atomic.Int32
	goOn := make(chan struct{})
	var all sync.WaitGroup
	for range sent {
		all.Go(func() {
			r := forged(s, "/2015-03-31/functions/a/invocations")
			r.ContentLength = 6 << 20
			r.Body = io.NopCloser(io.MultiReader(
				readerFunc(func([]byte) (int, error) { reading.Add(1); <-goOn; return 0, io.EOF }),
				io.LimitReader(zeros{}, r.ContentLength)))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != 403 {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
	}
	for done := range int32(sent - atOnce) { // each makes room for one
		waittest.Until(t, "some are read", func() bool { return reading.Load() >= atOnce+done })
		if n := reading.Load(); n != atOnce+done {
			t.Errorf("%d were begun when %d had ended, want %d", n, done, atOnce+done)
		}
		goOn <- struct{}{}
	}
	close(goOn)
	all.Wait()
	if n := reading.Load(); n != sent {
		t.Errorf("%d were read, want %d", n, sent)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }
