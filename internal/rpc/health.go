package rpc

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"triptych/internal/serve"
)

const (
	checkTimeout = 2 * time.Second        // how long dependencies have to answer
	checkAgain   = 500 * time.Millisecond // how long an answer is good for
	watchEvery   = time.Second
)

// health tells whoever has a certificate whether the service should be called.
// (https://github.com/grpc/grpc/blob/master/doc/health-checking.md)
type health struct {
	healthpb.UnimplementedHealthServer

	check func(context.Context) error // may be nil

	mu      sync.Mutex
	checked time.Time
	err     error
}

// Check answers for the process as a whole, which is the service "".
func (h *health) Check(ctx context.Context, req *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	if req.GetService() != "" {
		return nil, status.Errorf(codes.NotFound, "the health of %q is not told apart", req.GetService())
	}
	return &healthpb.HealthCheckResponse{Status: h.now(ctx)}, nil
}

// Watch sends the health as it is, and then whenever it changes. Who is about to
// end cannot serve.
func (h *health) Watch(req *healthpb.HealthCheckRequest, to grpc.ServerStreamingServer[healthpb.HealthCheckResponse]) error {
	if req.GetService() != "" {
		return status.Errorf(codes.NotFound, "the health of %q is not told apart", req.GetService())
	}
	ctx := to.Context()
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var told healthpb.HealthCheckResponse_ServingStatus
	for {
		if now := h.now(ctx); now != told {
			if err := to.Send(&healthpb.HealthCheckResponse{Status: now}); err != nil {
				return err
			}
			told = now
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		case <-serve.Stopping(ctx):
			return to.Send(&healthpb.HealthCheckResponse{Status: healthpb.HealthCheckResponse_NOT_SERVING})
		}
	}
}

func (h *health) now(ctx context.Context) healthpb.HealthCheckResponse_ServingStatus {
	if h.ask(ctx) != nil {
		return healthpb.HealthCheckResponse_NOT_SERVING
	}
	return healthpb.HealthCheckResponse_SERVING
}

// ask checks the dependencies, seldom enough not to be a burden to them, and
// logs it when something changed.
func (h *health) ask(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.check == nil || time.Since(h.checked) < checkAgain {
		return h.err
	}
	// Others get this answer too, so it is not to depend on one who goes away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), checkTimeout)
	defer cancel()
	err := h.check(ctx)
	switch {
	case err != nil && h.err == nil:
		slog.WarnContext(ctx, "not healthy", "err", err)
	case err == nil && h.err != nil:
		slog.InfoContext(ctx, "healthy again")
	}
	h.checked, h.err = time.Now(), err
	return err
}

// Health asks the service that c leads to how it is, and says what is wrong.
func Health(ctx context.Context, c grpc.ClientConnInterface) error {
	answer, err := healthpb.NewHealthClient(c).Check(ctx, &healthpb.HealthCheckRequest{})
	if err != nil {
		return err
	}
	if answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		return errors.New("it runs, and cannot serve")
	}
	return nil
}
