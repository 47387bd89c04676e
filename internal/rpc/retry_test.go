package rpc_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"triptych/domain/fault"
	"triptych/internal/rpc"
	"triptych/internal/rpc/rpctest"
	"triptych/internal/waittest"
)

// failing returns an echo whose methods fail, and how often they were called.
func failing(err error) (echo, *atomic.Int32) {
	n := new(atomic.Int32)
	return echo{unary: func(context.Context, string) (string, error) {
		n.Add(1)
		return "", err
	}}, n
}

func TestWhatIsTriedAgain(t *testing.T) {
	busy := fault.New(fault.Unavailable, "unavailable", "busy")
	for _, c := range []struct {
		what, method string
		err          error
		want         int32 // attempts
	}{
		{"a method without side effects", "Read", busy, 3},
		{"an idempotent method", "Again", busy, 3},
		{"any other", "Once", busy, 1},
		{"a raw status", "Read", status.Error(codes.Unavailable, "busy"), 3},
		{"a conflict", "Read", fault.New(fault.Conflict, "out_of_stock", "none left"), 1},
		{"too many", "Read", fault.New(fault.TooMany, "too_many", "not so fast"), 1},
		{"a bug", "Read", errors.New("broken"), 1},
		{"what is to be tried at another time", "Read", busy.After(2 * time.Second), 1},
	} {
		e, n := failing(c.err)
		conn := rpctest.Serve(t, "stock", "gateway", e.register)
		if _, err := call(t.Context(), conn, c.method, ""); err == nil {
			t.Errorf("%s: no error", c.what)
		}
		if got := n.Load(); got != c.want {
			t.Errorf("%s: %d attempts, want %d", c.what, got, c.want)
		}
	}
}

// A service in the middle tries again; who calls it does not try that again.
func TestTriesDoNotMultiply(t *testing.T) {
	e, n := failing(fault.New(fault.Unavailable, "unavailable", "busy"))
	down := rpctest.Serve(t, "catalogue", "gateway", e.register)
	var middle atomic.Int32
	c := rpctest.Serve(t, "orders", "gateway", echo{unary: func(ctx context.Context, s string) (string, error) {
		middle.Add(1)
		return call(ctx, down, "Read", s)
	}}.register)
	_, err := call(t.Context(), c, "Read", "")
	if !fault.Is(err, "unavailable") {
		t.Errorf("got %v, want unavailable", err)
	}
	if middle.Load() != 1 || n.Load() != 3 {
		t.Errorf("%d attempts at the middle and %d behind it, want 1 and 3", middle.Load(), n.Load())
	}
}

// Against a service that fails all the time, calls are soon tried once only.
func TestAFailingServiceIsSpared(t *testing.T) {
	e, n := failing(fault.New(fault.Unavailable, "unavailable", "busy"))
	conn := rpctest.Serve(t, "stock", "gateway", e.register)
	const calls = 20
	for range calls {
		if _, err := call(t.Context(), conn, "Read", ""); err == nil {
			t.Fatal("no error")
		}
	}
	// Ten tokens, of which each failure takes one; above five it is tried again.
	if got := n.Load(); got > calls+5 || got <= calls {
		t.Errorf("%d attempts for %d calls, want some more than %d and at most %d", got, calls, calls, calls+5)
	}
}

// The real services are known by the packages that are linked in.
func TestTheServiceConfigNamesWhatIsLinkedIn(t *testing.T) {
	config := rpc.ServiceConfig()
	for name, want := range map[string]bool{"Read": true, "Again": true, "Watch": true, "Once": false, "Closed": false} {
		if got := strings.Contains(config, `{"service":"test.v1.Echo","method":"`+name+`"}`); got != want {
			t.Errorf("%s is there: %t, want %t, in\n%s", name, got, want, config)
		}
	}
}

// A service that comes back is found by itself.
func TestARestartedServiceIsFound(t *testing.T) {
	f := start(t, echo{unary: same}, rpc.Options{})
	c := f.dial(t)
	if _, err := call(t.Context(), c, "Once", ""); err != nil {
		t.Fatal(err)
	}
	f.stop()
	if err := <-f.result; err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	patient, giveUp := context.WithTimeout(t.Context(), time.Minute)
	defer giveUp()
	if _, err := call(patient, c, "Once", ""); !fault.Is(err, "unavailable") || !rpc.Unknown(err) {
		t.Errorf("while it is away: %v, want unavailable", err)
	}
	if took := time.Since(begun); took > 30*time.Second { // at once, however busy the machine
		t.Errorf("to say that it is away took %s", took)
	}

	again := &fixture{authority: f.authority, server: rpc.NewServer(rpctest.Identity(t, f.authority, "stock"), rpc.Options{}), result: make(chan error, 1)}
	echo{unary: same}.register(again.server)
	again.serve(t, listen(t, f.addr))
	waittest.Until(t, "the service is found", func() bool {
		_, err := call(t.Context(), c, "Once", "")
		return err == nil
	})
}

// Within a moment, however long it was away.
func TestALongAbsenceIsNoLongWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory(t, rpc.Options{})
		m.away.Store(true)
		ring := func() error { _, err := call(t.Context(), m.conn, "Once", ""); return err }
		for range 600 { // a minute
			if ring() == nil {
				t.Fatal("nobody is there, and answers")
			}
			time.Sleep(100 * time.Millisecond)
		}
		m.away.Store(false)
		back := time.Now()
		for ring() != nil {
			time.Sleep(100 * time.Millisecond)
		}
		if took := time.Since(back); took > 1300*time.Millisecond {
			t.Errorf("it was found after %s, want 1 s and a fifth", took)
		}
		m.end(t)
	})
}

// A server that accepts and says nothing is told from one that works.
func TestAServerThatSaysNothingIsNotWaitedForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		id := rpctest.Identity(t, newAuthority(t), "gateway")
		c, err := rpc.Dial(id, "stock", "memory", grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) {
			client, server := net.Pipe()
			go io.Copy(io.Discard, server)
			return client, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := call(ctx, c, "Read", ""); !fault.Is(err, "unavailable") {
			t.Errorf("got %v, want unavailable", err)
		}
		if took := time.Since(begun); took != 280*time.Millisecond {
			t.Errorf("it heard so after %s, want 280ms of its 300", took)
		}
		c.Close()
	})
}
