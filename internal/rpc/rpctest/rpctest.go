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
	a, err := authority.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := rpc.NewServer(Identity(t, a, name), rpc.Options{Translate: postgres.Fault})
	register(s)
	l := bufconn.Listen(64 << 10)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("serve %s: %v", name, err)
		}
	})

	dial := func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) }
	c, err := rpc.Dial(Identity(t, a, caller), name, "memory", grpc.WithContextDialer(dial))
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
