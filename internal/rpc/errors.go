package rpc

import (
	"context"
	"errors"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"triptych/domain/fault"
)

// callError is the error of a call: what it is to its caller, and what gRPC
// said, with the method, for the log.
type callError struct {
	method string
	status error   // gRPC's
	is     []error // *fault.Fault, context.Canceled, context.DeadlineExceeded
}

func (e *callError) Error() string {
	return strings.TrimPrefix(e.method, "/") + ": " + e.status.Error()
}

func (e *callError) Unwrap() []error { return append(e.is, e.status) }

// received turns what gRPC returned for a call into what its caller gets: the
// fault that the server answered with; the fault unavailable when there was no
// answer; context.Canceled when the caller went away; and else an error that is
// internal, because one of the two has a bug.
func received(ctx context.Context, method string, err error) error {
	s := answered(err)
	e := &callError{method: method, status: err}
	if f := fromStatus(s); f != nil {
		e.is = []error{f}
		return e
	}
	switch s.Code() {
	case codes.Canceled:
		if errors.Is(ctx.Err(), context.Canceled) {
			e.is = []error{context.Canceled}
		} else {
			e.is = []error{unavailable()} // the server was cut off
		}
	case codes.DeadlineExceeded:
		e.is = []error{unavailable(), context.DeadlineExceeded}
	case codes.Unavailable:
		e.is = []error{unavailable()}
	}
	return e
}

// answered returns the status that the server answered with. status.Convert would
// put the words into it that gRPC wraps around the last of several attempts.
func answered(err error) *status.Status {
	var s interface{ GRPCStatus() *status.Status }
	if errors.As(err, &s) {
		return s.GRPCStatus()
	}
	return status.Convert(err)
}

func unavailable() *fault.Fault {
	return fault.New(fault.Unavailable, "unavailable", "a service does not answer just now").After(retryAfter)
}

// retryAfter is what a client is told to wait: about what a restart takes.
const retryAfter = time.Second

// Unknown reports whether err, of a call, leaves open what was done: the time
// ran out, the connection broke, the other side could not serve or broke down.
// It may have done its work all the same; who needs to know calls again. Any
// other fault is an answer.
func Unknown(err error) bool {
	if err == nil {
		return false
	}
	switch fault.From(err).Kind {
	case fault.Internal, fault.Unavailable, fault.TooMany:
		return true
	}
	return false
}
