package rpc

import (
	"context"
	"fmt"
	"net"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc/filters"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"triptych/internal/serve"
)

// Options say how a server serves.
type Options struct {
	// Check tells whether the dependencies can be reached, for the health
	// service. Nil is always.
	Check func(context.Context) error

	// Translate turns what a driver returns into a fault, before an error is
	// answered. It may be nil.
	Translate func(error) error
}

// maxStreams is how many calls one client may have running. It is more than the
// gateway lets in at once: were it less, a thousand who wait for their orders to
// settle would leave no call to those who only look.
const maxStreams = 2000

// greetTimeout is how long a client may take to say who it is. gRPC's default is
// two minutes.
const greetTimeout = 10 * time.Second

// Connections end after a while, so that after a restart elsewhere clients
// spread again. Calls may finish: the grace is longer than any stream.
const (
	maxAge   = 5 * time.Minute
	ageGrace = time.Minute
)

// A Server serves gRPC to those who may call.
type Server struct {
	*grpc.Server

	policy    policy
	translate func(error) error
	stopping  chan struct{}
	drain     time.Duration
}

// NewServer returns a server with the health service alone: register others with
// it as with a grpc.Server.
func NewServer(id *Identity, o Options) *Server {
	s := &Server{policy: policy{}, translate: o.Translate, stopping: make(chan struct{}), drain: serve.Drain}
	if s.translate == nil {
		s.translate = func(err error) error { return err }
	}
	s.Server = grpc.NewServer(
		grpc.Creds(serverCredentials(id)),
		grpc.ConnectionTimeout(greetTimeout),
		grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpc.WithFilter(filters.Not(filters.HealthCheck())))),
		grpc.UnaryInterceptor(s.unary),
		grpc.StreamInterceptor(s.stream),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingAllowed, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: maxAge, MaxConnectionAgeGrace: ageGrace}),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ReadBufferSize(bufferSize),
		grpc.WriteBufferSize(bufferSize),
		grpc.StaticStreamWindowSize(streamWindow),
		grpc.StaticConnWindowSize(connWindow),
	)
	healthpb.RegisterHealthServer(s, &health{check: o.Check})
	return s
}

// RegisterService adds a service, and who may call its methods.
func (s *Server) RegisterService(desc *grpc.ServiceDesc, impl any) {
	s.policy.add(desc)
	s.Server.RegisterService(desc, impl)
}

// Serve serves l until ctx is done. Then calls that have begun may finish, for
// as long as serve.Drain; those who wait hear of it by serve.Stopping.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	failed := make(chan error, 1)
	go func() { failed <- s.Server.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	close(s.stopping)
	err := s.end()
	<-failed // Serve ends with its listener
	return err
}

// end waits for the calls that have begun. After Stop it does not wait for
// GracefulStop, which would go on waiting for a handler that hangs.
func (s *Server) end() error {
	done := make(chan struct{})
	go func() {
		s.GracefulStop()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-time.After(s.drain):
		s.Stop()
		return fmt.Errorf("calls were still running after %s and were cut off", s.drain)
	}
}
