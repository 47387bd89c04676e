package runtimeapi

import (
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var recorded = Event{
	RequestID:     id,
	ARN:           "arn:aws:lambda:us-east-1:000000000000:function:hello",
	Deadline:      time.UnixMilli(1542409706888),
	TraceID:       "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1",
	ClientContext: "{\n\"custom\":{}}",
	Identity:      `{"cognitoIdentityId":"x"}`,
	Tenant:        "blue",
	Payload:       []byte(`{"name":"Ada"}`),
}

// What a function gets, as the developer guide shows it.
func TestNextCarriesTheEvent(t *testing.T) {
	both(t, func(t *testing.T, byHTTP bool) {
		s, polls := open(t, 1, byHTTP)
		c := connect(t, s)
		c.send(getNext)
		give(t, polls, recorded)
		got := c.receive()
		got.Header.Del("Date")
		want := answer{200, http.Header{
			"Content-Type":                        {"application/json"},
			"Content-Length":                      {"14"},
			"Lambda-Runtime-Aws-Request-Id":       {recorded.RequestID},
			"Lambda-Runtime-Deadline-Ms":          {"1542409706888"},
			"Lambda-Runtime-Invoked-Function-Arn": {recorded.ARN},
			"Lambda-Runtime-Trace-Id":             {recorded.TraceID},
			"Lambda-Runtime-Client-Context":       {`{ "custom":{}}`},
			"Lambda-Runtime-Cognito-Identity":     {recorded.Identity},
			"Lambda-Runtime-Aws-Tenant-Id":        {"blue"},
		}, `{"name":"Ada"}`}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	})
}

const (
	refusedID    = `{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}` + "\n"
	refusedLarge = `{"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","errorType":"RequestEntityTooLarge"}` + "\n"
	refusedNext  = `{"errorMessage":"Transition from Running to Ready is not allowed: the event is not answered.","errorType":"InvalidStateTransition"}` + "\n"
	refusedInit  = `{"errorMessage":"Transition from Ready to InitError is not allowed.","errorType":"InvalidStateTransition"}` + "\n"
)

// Every way to answer an event, and what becomes of it.
func TestAnswers(t *testing.T) {
	here := "invocation/" + id
	sum := strings.Repeat("x", maxReply)
	for name, c := range map[string]struct {
		request string
		status  int
		body    string
		reply   *Reply // nil: the event is under way still
	}{
		"response": {post(here+"/response", "Content-Length: 4\nContent-Type: text/plain\n", "null"),
			202, accepted, &Reply{Payload: []byte("null"), ContentType: "text/plain"}},
		"nothing": {post(here+"/response", "Content-Length: 0\n", ""),
			202, accepted, &Reply{Payload: []byte{}}},
		"no length": {post(here+"/response", "", ""),
			202, accepted, &Reply{Payload: []byte{}}},
		"chunked": {post(here+"/response", "Transfer-Encoding: chunked\nContent-Type: application/json\nTrailer: Lambda-Runtime-Function-Error-Body,Lambda-Runtime-Function-Error-Type\n",
			"2\n{}\n1;x=y\n \n0\n\n"),
			202, accepted, &Reply{Payload: []byte("{} "), ContentType: "application/json"}},
		"failed while streaming": {post(here+"/response", "Transfer-Encoding: chunked\nTrailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\n",
			"2\n{}\n0\nLambda-Runtime-Function-Error-Type: Runtime.Oops\nLambda-Runtime-Function-Error-Body: eyJhIjoxfQ==\n\n"),
			202, accepted, &Reply{Payload: []byte(`{"a":1}`), Failed: true, ErrorType: "Runtime.Oops"}},
		"failed with nothing to say": {post(here+"/response", "Transfer-Encoding: chunked\n", "0\nlambda-runtime-function-error-type: Runtime.Oops\n\n"),
			202, accepted, &Reply{Payload: []byte(`{"errorMessage":"the answer was broken off","errorType":"Runtime.Oops"}`), Failed: true, ErrorType: "Runtime.Oops"}},
		"error": {post(here+"/error", "Content-Length: 2\nLambda-Runtime-Function-Error-Type: Oops\nLambda-Runtime-Function-Xray-Error-Cause: {\"exceptions\":[]}\nContent-Type: application/vnd.aws.lambda.error.cause+json\n", "{}"),
			202, accepted, &Reply{Payload: []byte("{}"), Failed: true, ErrorType: "Oops"}},
		"a cause as long as may be": {post(here+"/error", "Content-Length: 2\nLambda-Runtime-Function-Xray-Error-Cause: "+strings.Repeat("x", 1<<20-1024)+"\n", "{}"),
			202, accepted, &Reply{Payload: []byte("{}"), Failed: true}},
		"as much as may be": {post(here+"/response", "Content-Length: 6291556\n", sum),
			202, accepted, &Reply{Payload: []byte(sum)}},
		"too much": {post(here+"/response", "Content-Length: 6291557\n", sum+"x"),
			413, refusedLarge, &Reply{TooLarge: true}},
		"too much, chunked": {post(here+"/response", "Transfer-Encoding: chunked\n", "600065\n"+sum+"x\n0\n\n"),
			413, refusedLarge, &Reply{TooLarge: true}},
		"another id": {post("invocation/1/response", "Content-Length: 2\n", "{}"),
			400, refusedID, nil},
		"another id, chunked": {post("invocation/1/error", "Transfer-Encoding: chunked\n", "2\n{}\n0\n\n"),
			400, refusedID, nil},
		"another id, too much": {post("invocation/1/error", "Content-Length: 6291557\n", sum+"x"),
			400, refusedID, nil},
		"asked again": {getNext,
			403, refusedNext, nil},
		"failed to begin": {post("init/error", "Content-Length: 2\n", "{}"),
			403, refusedInit, nil},
		"curl": {"POST /2018-06-01/runtime/" + here + "/response HTTP/1.1\nHost: 127.0.0.1:9001\nUser-Agent: curl/8.5.0\nAccept: */*\nContent-Length: 2\nContent-Type: application/x-www-form-urlencoded\n\n{}",
			202, accepted, &Reply{Payload: []byte("{}"), ContentType: "application/x-www-form-urlencoded"}},
		"HTTP/1.0": {"POST /2018-06-01/runtime/" + here + "/response HTTP/1.0\nContent-Length: 2\n\n{}",
			202, accepted, &Reply{Payload: []byte("{}")}},
		"chunk of no length": {post(here+"/response", "Transfer-Encoding: chunked\n", "x\n{}\n0\n\n"),
			400, `{"errorMessage":"The body of the request cannot be read","errorType":"InvalidRequest"}` + "\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, byHTTP bool) {
				s, polls := open(t, 1, byHTTP)
				k := connect(t, s)
				k.send(getNext)
				x := give(t, polls, recorded)
				k.receive()
				go func() { // what is refused is not read to its end
					_, _ = k.Write([]byte(crlf(c.request)))
				}()
				if got := k.receive(); got.Status != c.status || got.Body != c.body {
					t.Errorf("got %d %s, want %d %s", got.Status, got.Body, c.status, c.body)
				}
				if c.reply == nil {
					select {
					case <-x.Done():
						t.Error("the event is answered")
					default:
					}
					return
				}
				receive(t, "end", x.Done())
				if got, ok := x.Reply(); !ok || !reflect.DeepEqual(*c.reply, got) {
					t.Errorf("reply %+.100v, %v; want %+.100v", got, ok, *c.reply)
				}
				again := connect(t, s)
				again.send(post(here+"/response", "Content-Length: 2\n", "{}"))
				if got := again.receive(); got.Status != 400 || got.Body != refusedID {
					t.Errorf("a second answer got %d %s, want that the id is unknown", got.Status, got.Body)
				}
			})
		})
	}
}

// A body of more than 1 MB is not sent by curl before it is asked for.
func TestExpectContinue(t *testing.T) {
	both(t, func(t *testing.T, byHTTP bool) {
		s, polls := open(t, 1, byHTTP)
		c := connect(t, s)
		c.send(getNext)
		x := give(t, polls, recorded)
		c.receive()
		c.send(post("invocation/"+id+"/response", "Content-Length: 2\nExpect: 100-continue\n", ""))
		if got := c.receive(); got.Status != 100 {
			t.Fatalf("status %d, want 100", got.Status)
		}
		c.send("{}")
		if got := c.receive(); got.Status != 202 {
			t.Errorf("status %d, want 202", got.Status)
		}
		receive(t, "end", x.Done())
	})
}

// What is beside invocations.
func TestTheRest(t *testing.T) {
	for name, c := range map[string]struct {
		request, body string
		status        int
	}{
		"ping":      {"GET /ping HTTP/1.1\nHost: x\n\n", "pong", 200},
		"logs":      {"PUT /2020-08-15/logs HTTP/1.1\nHost: x\nContent-Length: 2\n\n{}", `{"errorMessage":"Logs API is not supported","errorType":"Logs.NotSupported"}` + "\n", 202},
		"register":  {"POST /2020-01-01/extension/register HTTP/1.1\nHost: x\nLambda-Extension-Name: GoLangEnableSIGTERM\nContent-Length: 15\n\n{\"events\":null}", "{}\n", 200},
		"init":      {post("init/error", "Content-Length: 2\n", "{}"), accepted, 202},
		"elsewhere": {"GET /x HTTP/1.1\nHost: x\n\n", "404 page not found\n", 404},
		"no host":   {"GET /2018-06-01/runtime/invocation/next HTTP/1.1\n\n", "400 Bad Request: missing required Host header", 400},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, byHTTP bool) {
				s, _ := open(t, 1, byHTTP)
				k := connect(t, s)
				k.send(c.request)
				if got := k.receive(); got.Status != c.status || got.Body != c.body {
					t.Errorf("got %d %s, want %d %s", got.Status, got.Body, c.status, c.body)
				}
				if _, failed := s.InitError(); failed != (name == "init") || s.WantsTerm() != (name == "register") {
					t.Errorf("failed init: %v, registered: %v", failed, s.WantsTerm())
				}
			})
		})
	}
}
