package rpc_test

import (
	"context"
	"net"
	"sync/atomic"
	"syscall"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"triptych/internal/rpc"
	"triptych/internal/rpc/rpctest"
)

// An inMemory is a server and a client of it, for tests whose time is made up:
// there, what has to end ends before the test does.
type inMemory struct {
	listener    *bufconn.Listener
	conn        *grpc.ClientConn
	connections int
	away        atomic.Bool // nobody can connect
	stop        func()
	served      chan error
}

// memory serves an echo that answers with what was asked as the service stock.
func memory(t *testing.T, o rpc.Options) *inMemory {
	t.Helper()
	return remember(t, echo{unary: same}, o)
}

// remember serves e as the service stock.
func remember(t *testing.T, e echo, o rpc.Options) *inMemory {
	t.Helper()
	a := newAuthority(t)
	server := rpc.NewServer(rpctest.Identity(t, a, "stock"), o)
	e.register(server)
	l := bufconn.Listen(64 << 10)
	ctx, stop := context.WithCancel(t.Context())
	m := &inMemory{listener: l, stop: stop, served: make(chan error, 1)}
	go func() { m.served <- server.Serve(ctx, l) }()

	c, err := rpc.Dial(rpctest.Identity(t, a, "gateway"), "stock", "memory", grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
		if m.away.Load() {
			return nil, syscall.ECONNREFUSED
		}
		m.connections++
		return l.DialContext(ctx)
	}))
	if err != nil {
		t.Fatal(err)
	}
	m.conn = c
	return m
}

func (m *inMemory) end(t *testing.T) {
	t.Helper()
	m.conn.Close()
	m.stop()
	if err := <-m.served; err != nil {
		t.Error(err)
	}
}
