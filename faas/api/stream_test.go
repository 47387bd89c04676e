package api_test

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"triptych/faas/api"
)

// parts is a program that answers in two parts, and between them asks where its
// event says; then it goes on, exits, takes too long, or says that it failed.
const parts = `#!/bin/bash
set -eu
host="${AWS_LAMBDA_RUNTIME_API%:*}" port="${AWS_LAMBDA_RUNTIME_API#*:}"
api="http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation"
event="$(mktemp)"
while :; do
	id="$(curl -sS -o "$event" -w '%header{lambda-runtime-aws-request-id}' "$api/next")"
	read -r do gate < <(tr -d '"' <"$event") || true
	echo "$do"
	case "$do" in
	error) curl -sS -o /dev/null -d '{"errorType":"Oops","errorMessage":"no"}' -H 'Lambda-Runtime-Function-Error-Type: Oops' "$api/$id/error"; continue ;;
	empty) curl -sS -o /dev/null -X POST -H 'Content-Type: text/none' -H 'Content-Length: 0' "$api/$id/response"; continue ;;
	esac
	exec 3<>"/dev/tcp/$host/$port"
	printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\nContent-Type: text/parts\r\nTransfer-Encoding: chunked\r\nTrailer: Lambda-Runtime-Function-Error-Type,Lambda-Runtime-Function-Error-Body\r\n\r\n5\r\nfirst\r\n' "$id" >&3
	curl -sS -o /dev/null "$gate"
	case "$do" in
	whole) printf '6\r\nsecond\r\n0\r\n\r\n' >&3 ;;
	broken) printf '0\r\nLambda-Runtime-Function-Error-Type: Broken\r\nLambda-Runtime-Function-Error-Body: eyJhIjoxfQ==\r\n\r\n' >&3 ;;
	exit) exit 3 ;;
	sleep) sleep 1000 ;;
	esac
	read -r status <&3
	exec 3>&-
done
`

// TestStream invokes functions whose answer the official client reads while it
// comes.
func TestStream(t *testing.T) {
	s := serve(t, api.Options{})
	for name, timeout := range map[string]int32{"patient": 60, "hasty": 6} {
		s.must(name, func(in *lambda.CreateFunctionInput) { in.Code.ZipFile, in.Timeout = script(t, parts), &timeout })
	}
	const second = "second"
	for _, tt := range []struct{ do, first, rest, code, details, kind string }{
		{"whole", "first", second, "", "", "text/parts"},
		{"broken", "first", "", "Broken", `{"a":1}`, "text/parts"},
		{"exit", "first", "", "Runtime.ExitError", "Runtime exited with error: exit status 3", "text/parts"},
		{"sleep", "first", "", "Sandbox.Timedout", "Task timed out after 6.00 seconds", "text/parts"},
		{"error", "", "", "Oops", `"errorMessage":"no"`, "application/json"},
		{"empty", "", "", "", "", "text/none"},
	} {
		name := "patient"
		if tt.do == "sleep" {
			name = "hasty"
		}
		opened := make(chan struct{})
		gate := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-opened:
			case <-r.Context().Done():
			}
		}))
		out, err := s.InvokeWithResponseStream(t.Context(), &lambda.InvokeWithResponseStreamInput{
			FunctionName: &name, LogType: types.LogTypeTail, Payload: []byte(`"` + tt.do + " " + gate.URL + `"`)})
		ok(t, err)
		remapped := awsmiddleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response).Header.Get("X-Amzn-Remapped-Content-Type")
		if aws.ToString(out.ExecutedVersion) != "$LATEST" || aws.ToString(out.ResponseStreamContentType) != "application/vnd.amazon.eventstream" || remapped != tt.kind || out.StatusCode != 200 {
			t.Errorf("%s: version %s, content type %s, status %d", tt.do, aws.ToString(out.ExecutedVersion), remapped, out.StatusCode)
		}
		stream := out.GetStream()
		got, end := "", (*types.InvokeWithResponseStreamCompleteEvent)(nil)
		if tt.first != "" { // the function waits for us to have it
			e := <-stream.Events()
			if chunk, ok := e.(*types.InvokeWithResponseStreamResponseEventMemberPayloadChunk); !ok || string(chunk.Value.Payload) != tt.first {
				t.Errorf("%s: the first part is %+v", tt.do, e)
			}
		}
		close(opened)
		for e := range stream.Events() {
			switch e := e.(type) {
			case *types.InvokeWithResponseStreamResponseEventMemberPayloadChunk:
				got += string(e.Value.Payload)
			case *types.InvokeWithResponseStreamResponseEventMemberInvokeComplete:
				end = &e.Value
			}
		}
		ok(t, stream.Err())
		ok(t, stream.Close())
		gate.Close()
		if end == nil {
			t.Fatalf("%s: the stream has no end", tt.do)
		}
		log, err := base64.StdEncoding.DecodeString(aws.ToString(end.LogResult))
		ok(t, err)
		if code, details := aws.ToString(end.ErrorCode), aws.ToString(end.ErrorDetails); got != tt.rest || code != tt.code || !strings.Contains(details, tt.details) ||
			!strings.Contains(string(log), "REPORT RequestId") || !strings.Contains(string(log), tt.do+"\n") {
			t.Errorf("%s: the rest is %q, and the end %q %q %q", tt.do, got, code, details, log)
		}
	}
}

// TestStreamRefused invokes what cannot be.
func TestStreamRefused(t *testing.T) {
	s, ctx := serve(t, api.Options{}), t.Context()
	s.must("a")
	invoke := func(change func(*lambda.InvokeWithResponseStreamInput)) error {
		in := &lambda.InvokeWithResponseStreamInput{FunctionName: aws.String("a")}
		change(in)
		out, err := s.InvokeWithResponseStream(ctx, in)
		if err != nil {
			return err
		}
		return errors.Join(out.GetStream().Close(), out.GetStream().Err())
	}
	failed(t, invoke(func(in *lambda.InvokeWithResponseStreamInput) { in.FunctionName = aws.String("ghost") }), "ResourceNotFoundException", "Function not found")
	failed(t, invoke(func(in *lambda.InvokeWithResponseStreamInput) { in.Payload = []byte("{") }), "InvalidRequestContentException", "Could not parse")
	failed(t, invoke(func(in *lambda.InvokeWithResponseStreamInput) { in.InvocationType = "Event" }), "InvalidParameterValueException", "not one of RequestResponse, DryRun")
	failed(t, invoke(func(in *lambda.InvokeWithResponseStreamInput) { in.ClientContext = aws.String("*") }), "InvalidRequestContentException", "Client context")
	if res, body := s.call("POST", "/2021-11-15/functions/a/response-streaming-invocations", "{}", "X-Amz-Invocation-Type", "DryRun"); res.StatusCode != 204 || body != "" {
		t.Errorf("a dry run: %d %q", res.StatusCode, body)
	}
	_, err := s.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("a"), ReservedConcurrentExecutions: aws.Int32(0)})
	ok(t, err)
	failed(t, invoke(func(*lambda.InvokeWithResponseStreamInput) {}), "TooManyRequestsException", "Rate Exceeded")
}

// TestStreamGone goes away before the answer is at its end.
func TestStreamGone(t *testing.T) {
	s := serve(t, api.Options{})
	s.must("a", func(in *lambda.CreateFunctionInput) { in.Code.ZipFile, in.Timeout = script(t, parts), aws.Int32(30) })
	gone := make(chan struct{})
	gate := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-gone:
		case <-r.Context().Done():
		}
	}))
	defer gate.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, "POST", s.url+"/2021-11-15/functions/a/response-streaming-invocations", strings.NewReader(`"whole `+gate.URL+`"`))
	ok(t, err)
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	ok(t, err)
	if _, err := io.ReadFull(res.Body, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	close(gone)
	again, err := s.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("a"), Payload: []byte(`"whole ` + gate.URL + `"`)})
	ok(t, err)
	if string(again.Payload) != "firstsecond" {
		t.Errorf("then it answers %s", again.Payload)
	}
}
