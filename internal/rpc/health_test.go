package rpc_test

import (
	"context"
	"errors"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"triptych/internal/rpc"
	"triptych/internal/rpc/rpctest"
	"triptych/internal/waittest"
)

const (
	serving    = healthpb.HealthCheckResponse_SERVING
	notServing = healthpb.HealthCheckResponse_NOT_SERVING
)

func TestHealthFollowsTheDependencies(t *testing.T) {
	var down atomic.Bool
	log := captureLog(t)
	f := start(t, echo{unary: same}, rpc.Options{Check: func(context.Context) error {
		if down.Load() {
			return errors.New("no database")
		}
		return nil
	}})
	c := f.dial(t)
	if err := rpc.Health(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	down.Store(true)
	waittest.Until(t, "it is not healthy", func() bool { return rpc.Health(t.Context(), c) != nil })
	if _, err := call(t.Context(), c, "Once", ""); err != nil {
		t.Errorf("who is not healthy serves on: %v", err)
	}
	if log.count("no database") != 1 {
		t.Errorf("logged, want why, once:\n%s", log)
	}
	down.Store(false)
	waittest.Until(t, "it is healthy again", func() bool { return rpc.Health(t.Context(), c) == nil })

	_, err := healthpb.NewHealthClient(c).Check(t.Context(), &healthpb.HealthCheckRequest{Service: "stock"})
	if status.Code(err) != codes.NotFound {
		t.Errorf("the health of a part: %v, want that it is not known", err)
	}
}

func TestADependencyThatHangsIsNotHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory(t, rpc.Options{Check: func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begun := time.Now()
		if err := rpc.Health(ctx, m.conn); err == nil || ctx.Err() != nil {
			t.Errorf("got %v, want that it cannot serve", err)
		}
		if took := time.Since(begun); took != 2*time.Second {
			t.Errorf("it took %s, want 2s", took)
		}
		m.end(t)
	})
}

// Many who ask at once are one question to the database.
func TestDependenciesAreAskedSeldom(t *testing.T) {
	var n atomic.Int32
	synctest.Test(t, func(t *testing.T) {
		m := memory(t, rpc.Options{Check: func(context.Context) error { n.Add(1); return nil }})
		for range 100 { // 10 seconds
			if err := rpc.Health(t.Context(), m.conn); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		m.end(t)
	})
	if got := n.Load(); got != 20 {
		t.Errorf("asked %d times in 10 s, want 20", got)
	}
}

func TestHealthIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var down atomic.Bool
		m := memory(t, rpc.Options{Check: func(context.Context) error {
			if down.Load() {
				return io.ErrUnexpectedEOF
			}
			return nil
		}})
		s, err := healthpb.NewHealthClient(m.conn).Watch(t.Context(), &healthpb.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		expect := func(want healthpb.HealthCheckResponse_ServingStatus) {
			t.Helper()
			if got, err := s.Recv(); err != nil || got.GetStatus() != want {
				t.Errorf("got %s, %v; want %s", got.GetStatus(), err, want)
			}
		}
		expect(serving)
		time.Sleep(5 * time.Second)
		down.Store(true)
		expect(notServing)
		down.Store(false)
		expect(serving)
		m.stop()
		expect(notServing)
		if _, err := s.Recv(); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want the good end", err)
		}
		m.end(t)
	})
}

// Who is about to end is not healthy, whatever the dependencies are.
func TestWhoIsAboutToEndIsNotHealthy(t *testing.T) {
	begun, finish := make(chan bool), make(chan bool)
	f := start(t, echo{unary: func(context.Context, string) (string, error) {
		begun <- true
		<-finish
		return "", nil
	}}, rpc.Options{})
	c := f.dial(t)
	s, err := healthpb.NewHealthClient(c).Watch(t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Recv(); err != nil || got.GetStatus() != serving {
		t.Fatalf("got %v, %v", got, err)
	}
	answered := make(chan error, 1)
	go func() {
		_, err := call(t.Context(), c, "Once", "")
		answered <- err
	}()
	<-begun
	f.stop()
	if got, err := s.Recv(); err != nil || got.GetStatus() != notServing {
		t.Errorf("got %v, %v; want that it is not serving", got, err)
	}
	close(finish)
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

func TestHealthOfNobody(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	addr := l.Addr().String()
	l.Close()
	c := connect(t, rpctest.Identity(t, newAuthority(t), "gateway"), "stock", addr)
	if err := rpc.Health(t.Context(), c); err == nil {
		t.Error("nobody is healthy")
	}
}
