package rpc

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"triptych/domain/fault"
)

// callError is the error of a call: the fault for whoever answers a client, and
// what gRPC said, with the method, for the log.
type callError struct {
	method string
	as     error // a *fault.Fault, context.Canceled, or nil
	cause  error // gRPC's
}

func (e *callError) Error() string {
	return strings.TrimPrefix(e.method, "/") + ": " + e.cause.Error()
}

func (e *callError) Unwrap() []error {
	if e.as == nil {
		return []error{e.cause}
	}
	return []error{e.as, e.cause}
}

// received turns what gRPC returned for a call into what its caller gets: the
// fault that the server answered with, the fault unavailable when there was no
// answer, context.Canceled when the caller went away, and else an error that is
// internal, because one of the two has a bug.
func received(ctx context.Context, method string, err error) error {
	s := status.Convert(err)
	e := &callError{method: method, cause: err}
	if f := fromStatus(s); f != nil {
		e.as = f
		return e
	}
	switch s.Code() {
	case codes.Canceled:
		if errors.Is(ctx.Err(), context.Canceled) {
			e.as = context.Canceled
			return e
		}
		e.as = unavailable() // the server was cut off
	case codes.Unavailable, codes.DeadlineExceeded:
		e.as = unavailable()
	}
	return e
}

func unavailable() *fault.Fault {
	return fault.New(fault.Unavailable, "unavailable", "a part of the shop does not answer just now")
}

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
