package rpc_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"triptych/domain/fault"
	"triptych/internal/rpc"
	"triptych/internal/rpc/rpctest"
	"triptych/internal/serve"
	"triptych/internal/waittest"
)

func TestACallThatHasBegunIsFinished(t *testing.T) {
	begun, finish := make(chan bool), make(chan bool)
	f := start(t, echo{unary: func(ctx context.Context, s string) (string, error) {
		begun <- true
		<-finish
		return s, ctx.Err()
	}}, rpc.Options{})
	c := f.dial(t)
	answer := make(chan error, 1)
	go func() {
		got, err := call(t.Context(), c, "Once", "tea")
		if err == nil && got != "tea" {
			err = errors.New("the answer is " + got)
		}
		answer <- err
	}()
	<-begun
	f.stop()
	waittest.Until(t, "nobody listens any more", func() bool {
		c, err := net.Dial("tcp", f.addr)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	close(finish)
	if err := <-answer; err != nil {
		t.Error(err)
	}
	if err := <-f.result; err != nil {
		t.Error(err)
	}
}

func TestAStreamThatWaitsHearsOfTheEnd(t *testing.T) {
	f := start(t, echo{stream: func(s grpc.ServerStream) error {
		if err := s.SendMsg(wrapperspb.String("pending")); err != nil {
			return err
		}
		select {
		case <-serve.Stopping(s.Context()):
			return nil
		case <-s.Context().Done():
			return s.Context().Err()
		}
	}}, rpc.Options{})
	s, err := watch(t.Context(), f.dial(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Recv(); err != nil || got.GetValue() != "pending" {
		t.Fatalf("got %q, %v", got.GetValue(), err)
	}
	f.stop()
	if _, err := s.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want the good end", err)
	}
	if err := <-f.result; err != nil {
		t.Error(err)
	}
}

func TestACallThatHangsIsCutOff(t *testing.T) {
	begun, hang := make(chan bool), make(chan bool)
	f := start(t, echo{unary: func(context.Context, string) (string, error) {
		begun <- true
		<-hang
		return "", nil
	}}, rpc.Options{})
	defer close(hang)
	f.server.Drain(50 * time.Millisecond)
	c := f.dial(t)
	client := make(chan error, 1)
	go func() {
		_, err := call(t.Context(), c, "Once", "")
		client <- err
	}()
	<-begun
	f.stop()
	if err := <-f.result; err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("error %v, want that calls were cut off", err)
	}
	if err := <-client; !fault.Is(err, "unavailable") || !rpc.Unknown(err) {
		t.Errorf("the client got %v, want unavailable", err)
	}
}

func TestAServerThatFailsSaysSo(t *testing.T) {
	l := listen(t, "127.0.0.1:0")
	l.Close()
	s := rpc.NewServer(rpctest.Identity(t, newAuthority(t), "stock"), rpc.Options{})
	if err := s.Serve(t.Context(), l); !errors.Is(err, net.ErrClosed) {
		t.Errorf("error %v, want that the listener is closed", err)
	}
}

// What is too large is refused on either side, and is nobody's to try again.
func TestAHugeMessageIsRefused(t *testing.T) {
	huge := strings.Repeat("x", 4<<20)
	f := start(t, echo{unary: func(_ context.Context, s string) (string, error) {
		if s == "" {
			return huge, nil
		}
		return "", nil
	}}, rpc.Options{})
	creds := rpc.Credentials(rpctest.Identity(t, f.authority, "gateway"), "stock")
	within, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for what, do := range map[string]func() error{
		"sent by a client":      func() error { _, err := call(t.Context(), f.dial(t), "Read", huge); return err },
		"sent by another":       func() error { _, err := call(within, f.bare(t, creds), "Read", huge); return err },
		"answered by a handler": func() error { _, err := call(t.Context(), f.dial(t), "Read", ""); return err },
		"just under the limit":  func() error { _, err := call(t.Context(), f.dial(t), "Read", huge[:len(huge)-16]); return err },
	} {
		err := do()
		if what == "just under the limit" {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		if status.Code(err) != codes.ResourceExhausted || fault.From(err).Kind != fault.Internal {
			t.Errorf("%s: got %v, want that it is refused", what, err)
		}
	}
}

// As many as the gateway lets in at once wait, and one more call gets through.
func TestWhoWaitsKeepsNobodyOut(t *testing.T) {
	const crowd = 1300 // the sum of the bounds in api.Handler
	over := make(chan struct{})
	defer close(over)
	var waiting sync.WaitGroup
	waiting.Add(crowd)
	f := start(t, echo{unary: same, stream: func(grpc.ServerStream) error {
		waiting.Done()
		<-over
		return nil
	}}, rpc.Options{})
	c := f.dial(t)
	patient, giveUp := context.WithTimeout(t.Context(), 5*time.Minute)
	defer giveUp()
	for range crowd {
		if _, err := watch(patient, c); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := call(patient, c, "Once", "x"); err != nil {
		t.Fatal(err)
	}
	waiting.Wait()
}

func TestWhoSaysNothingIsHungUpOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory(t, rpc.Options{})
		c, err := m.listener.DialContext(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		began := time.Now()
		if _, err := c.Read(make([]byte, 1)); err == nil {
			t.Error("the server spoke first")
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("after %s", took)
		}
		m.end(t)
	})
}

// An idle client asks every 20 seconds whether the server is there. The server
// must not take offence, and the connection last until it is old.
func TestPingsAreWelcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := memory(t, rpc.Options{})
		ring := func(when string, connections int) {
			t.Helper()
			if _, err := call(t.Context(), m.conn, "Once", ""); err != nil {
				t.Fatal(err)
			}
			if m.connections != connections {
				t.Errorf("%s: connection %d, want %d", when, m.connections, connections)
			}
		}
		ring("at first", 1)
		time.Sleep(4 * time.Minute)
		ring("after 4 minutes of pings", 1)
		time.Sleep(5 * time.Minute)
		ring("when the first is too old", 2)
		m.end(t)
	})
}
