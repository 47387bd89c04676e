package rpc_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"triptych/domain/fault"
	"triptych/internal/rpc"
	"triptych/internal/rpc/rpctest"
)

func TestTheMargin(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{
		time.Minute:            250 * time.Millisecond,
		5 * time.Second:        250 * time.Millisecond,
		2 * time.Second:        100 * time.Millisecond,
		time.Second:            50 * time.Millisecond,
		100 * time.Millisecond: 20 * time.Millisecond,
		10 * time.Millisecond:  5 * time.Millisecond,
		0:                      0,
	} {
		if got := rpc.Margin(left); got != want {
			t.Errorf("of %s: %s, want %s", left, got, want)
		}
	}
}

func TestHowLongACallMayTake(t *testing.T) {
	unary := func(ctx context.Context, c *grpc.ClientConn) error {
		_, err := call(ctx, c, "Once", "")
		return err
	}
	stream := func(ctx context.Context, c *grpc.ClientConn) error {
		_, err := watch(ctx, c)
		return err
	}
	for name, test := range map[string]struct {
		do          func(context.Context, *grpc.ClientConn) error
		given, want time.Duration // given zero: none
	}{
		"a call without a deadline":   {unary, 0, 2 * time.Second},
		"a call with one":             {unary, 10 * time.Second, 9750 * time.Millisecond},
		"a stream without a deadline": {stream, 0, 35 * time.Second},
		"a stream with one":           {stream, 10 * time.Second, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				heard := make(chan time.Duration, 1) // what the server knows
				tell := func(ctx context.Context) {
					deadline, _ := ctx.Deadline()
					heard <- time.Until(deadline)
				}
				m := remember(t, echo{
					unary:  func(ctx context.Context, s string) (string, error) { tell(ctx); return s, nil },
					stream: func(s grpc.ServerStream) error { tell(s.Context()); return nil },
				}, rpc.Options{})
				ctx := t.Context()
				if test.given > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.given)
					defer cancel()
				}
				if err := test.do(ctx, m.conn); err != nil {
					t.Fatal(err)
				}
				if got := <-heard; got != test.want {
					t.Errorf("the server has %s, want %s", got, test.want)
				}
				m.end(t)
			})
		})
	}
}

// bare is a connection without what Dial puts in between.
func (f *fixture) bare(t *testing.T, creds credentials.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	c, err := grpc.NewClient("passthrough:///"+f.addr, grpc.WithTransportCredentials(creds), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestACallWithoutADeadlineIsRefused(t *testing.T) {
	f := start(t, echo{unary: same, stream: func(grpc.ServerStream) error { return nil }}, rpc.Options{})
	c := f.bare(t, rpc.Credentials(rpctest.Identity(t, f.authority, "gateway"), "stock"))
	for way, do := range ways {
		err := do(t.Context(), c)
		if s := status.Convert(err); s.Code() != codes.InvalidArgument || !strings.HasPrefix(s.Message(), "gateway calls /test.v1.Echo/") || !strings.HasSuffix(s.Message(), " without a deadline") {
			t.Errorf("%s: got %v, want that it is refused", way, err)
		}
	}
	if err := rpc.Health(t.Context(), c); err != nil {
		t.Errorf("health: %v", err)
	}
}

// A caller hears that the time ran out while it still has some itself.
func TestTheCallerHasTimeToAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := remember(t, echo{unary: func(ctx context.Context, _ string) (string, error) {
			<-ctx.Done()
			return "", ctx.Err()
		}}, rpc.Options{})
		begun := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 400*time.Millisecond)
		defer cancel()
		_, err := call(ctx, m.conn, "Once", "")
		if took := time.Since(begun); took != 380*time.Millisecond {
			t.Errorf("it heard so after %s, want 380ms of its 400", took)
		}
		if f := fault.From(err); f.Code != "unavailable" || !errors.Is(err, context.DeadlineExceeded) || !rpc.Unknown(err) {
			t.Errorf("got %v", err)
		}
		m.end(t)
	})
}

func TestACallThatIsTooLateIsNotMade(t *testing.T) {
	c := rpctest.Serve(t, "stock", "gateway", echo{unary: func(context.Context, string) (string, error) {
		t.Error("it was made")
		return "", nil
	}}.register)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if _, err := call(ctx, c, "Once", ""); fault.From(err).Code != "unavailable" {
		t.Errorf("got %v, want unavailable", err)
	}
}

func TestACallThatIsCancelledIsNoFault(t *testing.T) {
	called := make(chan bool, 1)
	c := rpctest.Serve(t, "stock", "gateway", echo{
		unary: func(ctx context.Context, _ string) (string, error) {
			called <- true
			<-ctx.Done()
			return "", ctx.Err()
		},
		stream: func(s grpc.ServerStream) error {
			called <- true
			<-s.Context().Done()
			return s.Context().Err()
		},
	}.register)
	log := captureLog(t)
	for way, do := range ways {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-called
			cancel()
		}()
		if err := do(ctx, c); !errors.Is(err, context.Canceled) || fault.From(err).Kind != fault.Internal {
			t.Errorf("%s: got %v, want that it was cancelled", way, err)
		}
	}
	if log.String() != "" {
		t.Errorf("logged:\n%s", log)
	}
}

func TestAnUploadIsAnswered(t *testing.T) {
	c := rpctest.Serve(t, "stock", "gateway", echo{stream: func(s grpc.ServerStream) error {
		var all string
		for {
			in := new(wrapperspb.StringValue)
			if err := s.RecvMsg(in); err != nil {
				return s.SendMsg(wrapperspb.String(all))
			}
			all += in.GetValue()
		}
	}}.register)
	s, err := upload(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	for _, piece := range []string{"a", "b", "c"} {
		if err := s.Send(wrapperspb.String(piece)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := s.CloseAndRecv(); err != nil || got.GetValue() != "abc" {
		t.Errorf("got %q, %v; want abc", got.GetValue(), err)
	}
}
