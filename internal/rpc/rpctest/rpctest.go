// Package rpctest runs gRPC servers in memory, for tests.
package rpctest

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"triptych/internal/authority"
	"triptych/internal/postgres"
	"triptych/internal/rpc"
)

// Serve serves what register registers, as the service name, and returns a
// connection to it by the caller of that name. Both end with t. Everything of
// internal/rpc is in between: certificates, policy, deadlines, faults.
func Serve(t testing.TB, name, caller string, register func(grpc.ServiceRegistrar)) *grpc.ClientConn {
	t.Helper()
	return Start(t, name, register).Dial(t, caller)
}

// A Server is one in memory, for several callers.
type Server struct {
	name      string
	authority *authority.Authority
	listener  *bufconn.Listener
}

// Start serves what register registers, as the service name, until t ends.
func Start(t testing.TB, name string, register func(grpc.ServiceRegistrar)) *Server {
	t.Helper()
	a, err := authority.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{name: name, authority: a, listener: bufconn.Listen(64 << 10)}
	server := rpc.NewServer(Identity(t, a, name), rpc.Options{Translate: postgres.Fault})
	register(server)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, s.listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("serve %s: %v", name, err)
		}
	})
	return s
}

// Dial returns a connection to s by the caller of that name, until t ends.
func (s *Server) Dial(t testing.TB, caller string) *grpc.ClientConn {
	t.Helper()
	dial := func(ctx context.Context, _ string) (net.Conn, error) { return s.listener.DialContext(ctx) }
	c, err := rpc.Dial(Identity(t, s.authority, caller), s.name, "memory", grpc.WithContextDialer(dial))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Identity returns the identity that an authority gives to a service.
func Identity(t testing.TB, a *authority.Authority, name string) *rpc.Identity {
	t.Helper()
	dir := t.TempDir()
	if err := a.Issue(dir, name); err != nil {
		t.Fatal(err)
	}
	id, err := rpc.LoadIdentity(dir)
	if err != nil {
		t.Fatal(err)
	}
	return id
}
