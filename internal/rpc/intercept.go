package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"triptych/domain/fault"
	"triptych/internal/serve"
)

// unary is between the network and every handler of a single call.
func (s *Server) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, h grpc.UnaryHandler) (resp any, err error) {
	err = s.guard(ctx, info.FullMethod, func(ctx context.Context) error {
		resp, err = h(ctx, req)
		return err
	})
	if err != nil {
		return nil, err
	}
	return resp, nil
}

// stream is between the network and every handler of a stream.
func (s *Server) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, h grpc.StreamHandler) error {
	return s.guard(ss.Context(), info.FullMethod, func(ctx context.Context) error {
		return h(srv, &serverStream{ss, ctx})
	})
}

// serverStream is a stream with a context of ours.
type serverStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s *serverStream) Context() context.Context { return s.ctx }

// guard calls a handler, if it may be called, and returns what the caller is to
// hear.
func (s *Server) guard(ctx context.Context, method string, handle func(context.Context) error) error {
	if err := s.policy.allow(ctx, method); err != nil {
		slog.WarnContext(ctx, "call refused", "err", err)
		return err
	}
	if gone := ctx.Err(); gone != nil { // its time passed on the way
		return status.FromContextError(gone).Err()
	}
	err := recovered(serve.WithStopping(ctx, s.stopping), handle)
	if err == nil {
		return nil
	}
	if _, ok := err.(interface{ GRPCStatus() *status.Status }); ok {
		return err // made to be one, as the health service's
	}
	return s.answer(ctx, method, err)
}

// answer packs an error for the wire. It logs it when the fault is ours.
func (s *Server) answer(ctx context.Context, method string, err error) error {
	if gone := ctx.Err(); gone != nil && errors.Is(err, gone) && !errors.As(err, new(*fault.Fault)) {
		// Nobody is there to read it. It is told before a driver is asked, to
		// which its caller's lack of time is a failure of its own.
		return status.FromContextError(gone).Err()
	}
	err = s.translate(err)
	f := fault.From(err)
	if f.Kind == fault.Internal {
		slog.ErrorContext(ctx, "call failed", "method", method, "err", err)
	}
	if f.RetryAfter > 0 || errors.As(err, new(*callError)) {
		_ = grpc.SetTrailer(ctx, noRetry)
	}
	return toStatus(f).Err()
}

// noRetry tells gRPC at the caller's not to try again by itself: another time
// was advised, or it is an answer to a call of ours, which gRPC has tried again
// here already. Otherwise three services in a row would try 27 times.
// (https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback)
var noRetry = metadata.Pairs("grpc-retry-pushback-ms", "-1")

// recovered turns a panic into an error that says where.
func recovered(ctx context.Context, handle func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return handle(ctx)
}
