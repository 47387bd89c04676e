package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"triptych/domain/fault"
	"triptych/internal/rpc"
	"triptych/internal/rpc/rpctest"
)

// A server, or what is between, may say what is no fault of ours.
func TestWhatGRPCSays(t *testing.T) {
	var returned codes.Code
	c := rpctest.Serve(t, "stock", "gateway", echo{unary: func(context.Context, string) (string, error) {
		return "", status.Error(returned, "so it is")
	}}.register)
	for _, test := range []struct {
		code    codes.Code
		kind    fault.Kind
		unknown bool
	}{
		{codes.Unavailable, fault.Unavailable, true},
		{codes.DeadlineExceeded, fault.Unavailable, true},
		{codes.Canceled, fault.Unavailable, true}, // and not by us
		{codes.ResourceExhausted, fault.Internal, true},
		{codes.Internal, fault.Internal, true},
		{codes.Unknown, fault.Internal, true},
		{codes.NotFound, fault.Internal, true}, // it says nothing of the shop
		{codes.PermissionDenied, fault.Internal, true},
		{codes.Unauthenticated, fault.Internal, true},
		{codes.InvalidArgument, fault.Internal, true},
	} {
		returned = test.code
		_, err := call(t.Context(), c, "Once", "")
		if f := fault.From(err); f.Kind != test.kind || f.Kind == fault.Unavailable && f.RetryAfter == 0 {
			t.Errorf("%s: got fault %+v, want kind %d", test.code, f, test.kind)
		}
		if got := rpc.Unknown(err); got != test.unknown {
			t.Errorf("%s: unknown is %t, want %t", test.code, got, test.unknown)
		}
		want := "test.v1.Echo/Once: rpc error: code = " + test.code.String() + " desc = so it is"
		if err.Error() != want || status.Code(err) != test.code {
			t.Errorf("the log says %q, want %q", err, want)
		}
	}
}

func TestWhatIsUnknown(t *testing.T) {
	for kind := fault.Internal; kind <= fault.Unavailable; kind++ {
		want := kind == fault.Internal || kind == fault.TooMany || kind == fault.Unavailable
		if got := rpc.Unknown(fmt.Errorf("reserve: %w", fault.New(kind, "code", "detail"))); got != want {
			t.Errorf("kind %d: %t, want %t", kind, got, want)
		}
	}
	for err, want := range map[error]bool{nil: false, context.Canceled: true, context.DeadlineExceeded: true, errors.New("broken"): true} {
		if got := rpc.Unknown(err); got != want {
			t.Errorf("%v: %t, want %t", err, got, want)
		}
	}
}
