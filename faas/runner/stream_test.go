package runner_test

import (
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"triptych/faas/function"
	"triptych/faas/runner"
)

// stream gives an event to a function whose answer is read so. failed tells
// whether the reader was told that it is not whole.
func (l *lab) stream(name, payload string, read func(*runner.Answer)) (r *runner.Result, failed bool, err error) {
	var told atomic.Bool
	r, err = l.Stream(l.Context(), runner.Invocation{Ref: function.Ref{Name: name}, Payload: []byte(payload)}, read, func() { told.Store(true) })
	return r, told.Load(), err
}

// TestStream reads answers of aws-lambda-go's web servers as they come.
func TestStream(t *testing.T) {
	l := newLab(t)
	name := l.function("url")
	for range 2 { // a cold start, and a warm one
		var body []byte
		var end error
		r, failed, err := l.stream(name, `{"rawPath":"/","requestContext":{"domainName":"x","http":{"method":"GET"}}}`, func(a *runner.Answer) {
			<-a.Begun()
			if a.Version != function.Latest || a.RequestID == "" || !a.Trace.Root.IsValid() || a.ContentType() != "application/vnd.awslambda.http-integration-response" {
				t.Errorf("it begins as %+v", a)
			}
			body, end = io.ReadAll(a)
		})
		const want = `{"statusCode":418,"headers":{"X-Path":"/"}}` + "\x00\x00\x00\x00\x00\x00\x00\x00" + "first,second"
		if err != nil || failed || r.Failed || end != nil || string(body) != want || r.Payload != nil {
			t.Errorf("read %q, %v; the result is %+v, %v", body, end, r, err)
		}
	}
}

// TestStreamThatNobodyReads keeps a function from writing on, but not from being
// ended.
func TestStreamThatNobodyReads(t *testing.T) {
	l := newLab(t)
	name := l.function("many", timeout(4*time.Second)) // in which it has begun, on a busy machine
	ended := make(chan struct{})
	r, err := l.Stream(t.Context(), runner.Invocation{Ref: function.Ref{Name: name}, Payload: []byte("{}")}, func(a *runner.Answer) {
		<-a.Begun()
		if _, err := io.ReadFull(a, make([]byte, 10)); err != nil {
			t.Error(err)
		}
		<-ended // which it is only by its timeout
		if n, err := io.Copy(io.Discard, a); n > 1<<20 || !errors.Is(err, runner.ErrBroken) {
			t.Errorf("%d bytes were held, %v", n, err)
		}
	}, func() { close(ended) })
	if err != nil || !r.Failed || r.ErrorType != "Sandbox.Timedout" {
		t.Errorf("the result is %+v, %v", r, err)
	}
}

// TestStreamThatIsNotBegun ends the reading of what does not come.
func TestStreamThatIsNotBegun(t *testing.T) {
	l := newLab(t)
	broken := func(a *runner.Answer) {
		<-a.Begun()
		if b, err := io.ReadAll(a); len(b) > 0 || !errors.Is(err, runner.ErrBroken) {
			t.Errorf("read %q, %v", b, err)
		}
	}
	if _, failed, err := l.stream("ghost", `{}`, broken); err == nil || !failed {
		t.Errorf("a function that is not there: %v, told %t", err, failed)
	}
	if r, failed, err := l.stream(l.function("init-exit"), `{}`, broken); err != nil || !failed || r.ErrorType != "Runtime.ExitError" {
		t.Errorf("one that cannot begin: %+v, %v, told %t", r, err, failed)
	}
	if r, failed, err := l.stream(l.function("do"), event("error"), broken); err != nil || !failed || !r.Failed {
		t.Errorf("one that fails: %+v, %v, told %t", r, err, failed)
	}
}
