package rpc_test

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"

	"triptych/internal/authority"
	"triptych/internal/rpc"
	"triptych/internal/rpc/rpctest"
	"triptych/internal/waittest"
)

func TestMain(m *testing.M) {
	if err := describe(); err != nil {
		panic(err)
	}
	waittest.Main(m)
}

// A fixture is a server with a port of its own, for tests that the server in
// memory is too well behaved for.
type fixture struct {
	authority *authority.Authority
	addr      string
	server    *rpc.Server
	stop      func()
	result    chan error // of Serve
}

// start serves e as the service stock.
func start(t testing.TB, e echo, o rpc.Options) *fixture {
	t.Helper()
	a := newAuthority(t)
	f := &fixture{authority: a, server: rpc.NewServer(rpctest.Identity(t, a, "stock"), o), result: make(chan error, 1)}
	e.register(f.server)
	f.serve(t, listen(t, "127.0.0.1:0"))
	return f
}

func (f *fixture) serve(t testing.TB, l net.Listener) {
	ctx, cancel := context.WithCancel(context.Background())
	f.addr, f.stop = l.Addr().String(), cancel
	go func() {
		f.result <- f.server.Serve(ctx, l)
		close(f.result)
	}()
	t.Cleanup(func() {
		cancel()
		for range f.result { // read by the test, or here
		}
	})
}

// dial is a connection by the gateway.
func (f *fixture) dial(t testing.TB, o ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	return connect(t, rpctest.Identity(t, f.authority, "gateway"), "stock", f.addr, o...)
}

func connect(t testing.TB, id *rpc.Identity, name, addr string, o ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	c, err := rpc.Dial(id, name, addr, o...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func newAuthority(t testing.TB) *authority.Authority {
	t.Helper()
	a, err := authority.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func listen(t testing.TB, addr string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// same answers with what was asked.
func same(_ context.Context, s string) (string, error) { return s, nil }
