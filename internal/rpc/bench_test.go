package rpc_test

import (
	"context"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"

	"triptych/internal/rpc"
)

// BenchmarkCall says what a small call costs over a socket: how much of the
// processors, both sides together, and how often the client writes to the
// network. Calls come with pauses between, as those of one order do; so the time
// of each says nothing.
func BenchmarkCall(b *testing.B) {
	f := start(b, echo{unary: same}, rpc.Options{})
	var writes atomic.Int64
	c := f.dial(b, grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		return counted{conn, &writes}, err
	}))
	if _, err := call(b.Context(), c, "Once", "hello"); err != nil { // connects
		b.Fatal(err)
	}
	writes.Store(0)
	before := processorTime(b)
	for b.Loop() {
		time.Sleep(time.Millisecond)
		if _, err := call(b.Context(), c, "Once", "hello"); err != nil {
			b.Fatal(err)
		}
	}
	n := float64(b.N)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(processorTime(b)-before)/n, "cpu-ns/op")
	b.ReportMetric(float64(writes.Load())/n, "writes/op")
}

// counted counts what is written to a connection.
type counted struct {
	net.Conn
	writes *atomic.Int64
}

func (c counted) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
