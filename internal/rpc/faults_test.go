package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"triptych/domain/fault"
	"triptych/internal/rpc"
	"triptych/internal/rpc/rpctest"
)

// faults are one of each kind, with and without each part.
func faults() (all []*fault.Fault) {
	fields := []fault.Field{{Pointer: "/lines/1/quantity", Detail: "must be 1 or more"}, {Pointer: "", Detail: "of all"}, {Pointer: "/a", Detail: "is missing"}}
	for kind := fault.Internal; kind <= fault.Unavailable; kind++ {
		for _, code := range []string{"internal", "out_of_stock"} {
			f := fault.New(kind, code, "not enough “TEA”\nin %d places: 100 %%", 2)
			withFields := *f
			withFields.Fields = fields
			all = append(all, f, f.After(1500*time.Millisecond), &withFields, withFields.After(time.Minute))
		}
	}
	return all
}

// ways are the kinds of calls, each of which must carry a fault.
var ways = map[string]func(context.Context, *grpc.ClientConn) error{
	"unary": func(ctx context.Context, c *grpc.ClientConn) error {
		_, err := call(ctx, c, "Once", "")
		return err
	},
	"stream of answers": func(ctx context.Context, c *grpc.ClientConn) error {
		s, err := watch(ctx, c)
		if err == nil {
			_, err = s.Recv()
		}
		return err
	},
	"stream of requests": func(ctx context.Context, c *grpc.ClientConn) error {
		s, err := upload(ctx, c)
		for err == nil { // until the server's answer, which comes before the end
			err = s.Send(wrapperspb.String("piece"))
		}
		if !errors.Is(err, io.EOF) {
			return fmt.Errorf("send: %w", err)
		}
		_, err = s.CloseAndRecv()
		return err
	},
}

func TestAFaultArrivesAsItLeft(t *testing.T) {
	var returned error
	c := rpctest.Serve(t, "stock", "gateway", echo{
		unary:  func(context.Context, string) (string, error) { return "", returned },
		stream: func(grpc.ServerStream) error { return returned },
	}.register)
	for way, do := range ways {
		t.Run(way, func(t *testing.T) {
			for _, want := range faults() {
				returned = fmt.Errorf("reserve: %w", want)
				err := do(t.Context(), c)
				var got *fault.Fault
				if !errors.As(err, &got) {
					t.Fatalf("%v: got %v, no fault", want, err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("fault (-sent +received):\n%s", diff)
				}
				if code := status.Code(err); code != rpc.Code[want.Kind] {
					t.Errorf("kind %d is code %s, want %s", want.Kind, code, rpc.Code[want.Kind])
				}
			}
		})
	}
}

func TestEveryKindHasACode(t *testing.T) {
	for kind := fault.Internal; kind <= fault.Unavailable; kind++ {
		if code, ok := rpc.Code[kind]; !ok || code == codes.OK {
			t.Errorf("kind %d has no code", kind)
		}
		if rpc.Code[kind] == codes.Unavailable != (kind == fault.Unavailable) {
			t.Errorf("kind %d is tried again, as %s", kind, rpc.Code[kind])
		}
	}
}

// What protobuf would refuse in a string is replaced.
func TestAFaultOfBrokenTextArrives(t *testing.T) {
	c := rpctest.Serve(t, "stock", "gateway", echo{unary: func(context.Context, string) (string, error) {
		return "", fault.NewInvalid("/sku\xff", "is \xc3\x28")
	}}.register)
	_, err := call(t.Context(), c, "Once", "")
	f := fault.From(err)
	want := []fault.Field{{Pointer: "/sku\uFFFD", Detail: "is \uFFFD("}}
	if diff := cmp.Diff(want, f.Fields); diff != "" || f.Code != "invalid" {
		t.Errorf("code %s, fields (-want +got):\n%s", f.Code, diff)
	}
}

// What others call meanwhile goes on.
func TestAFaultThatIsTooLongIsCut(t *testing.T) {
	long := &fault.Fault{Kind: fault.Invalid, Code: "invalid", Detail: strings.Repeat("y", 20<<20)}
	for range 300_000 {
		long.Fields = append(long.Fields, fault.Field{Pointer: "/lines/12345/quantity", Detail: "must be 1 to 99, is 100"})
	}
	over := make(chan struct{})
	c := rpctest.Serve(t, "stock", "gateway", echo{
		unary:  func(context.Context, string) (string, error) { return "", long },
		stream: func(grpc.ServerStream) error { <-over; return nil },
	}.register)
	other, err := watch(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = call(t.Context(), c, "Once", "")
	f := fault.From(err)
	if n := len(f.Fields); f.Code != "invalid" || n < 1000 || n >= len(long.Fields) || f.Fields[n-1] != long.Fields[0] {
		t.Errorf("code %s with %d fields, want invalid with some", f.Code, n)
	}
	close(over)
	if _, err := other.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("another call ends with %v", err)
	}
}

func TestAnErrorThatIsNoFaultTellsNothing(t *testing.T) {
	log := captureLog(t)
	c := rpctest.Serve(t, "stock", "gateway", echo{
		unary:  func(context.Context, string) (string, error) { return "", errors.New("password of shop is wrong") },
		stream: func(grpc.ServerStream) error { return errors.New("password of shop is wrong") },
	}.register)
	for way, do := range ways {
		log.reset()
		err := do(t.Context(), c)
		if f := fault.From(err); f.Kind != fault.Internal || f.Code != "internal" {
			t.Errorf("%s: got fault %v", way, f)
		}
		if text := err.Error(); strings.Contains(text, "password") {
			t.Errorf("%s: the caller sees %q", way, text)
		}
		if n := log.count("password of shop is wrong"); n != 1 {
			t.Errorf("%s: logged %d times, want once:\n%s", way, n, log)
		}
	}
}

func TestAFaultIsNotLogged(t *testing.T) {
	log := captureLog(t)
	c := rpctest.Serve(t, "stock", "gateway", echo{unary: func(context.Context, string) (string, error) {
		return "", fault.New(fault.Conflict, "out_of_stock", "no TEA")
	}}.register)
	if _, err := call(t.Context(), c, "Once", ""); !fault.Is(err, "out_of_stock") {
		t.Errorf("got %v", err)
	}
	if log.String() != "" {
		t.Errorf("logged:\n%s", log)
	}
}

func TestAPanicIsInternalAndLoggedWithItsStack(t *testing.T) {
	log := captureLog(t)
	c := rpctest.Serve(t, "stock", "gateway", echo{
		unary:  func(context.Context, string) (string, error) { panic("the secret") },
		stream: func(grpc.ServerStream) error { panic("the secret") },
	}.register)
	for way, do := range ways {
		log.reset()
		err := do(t.Context(), c)
		if f := fault.From(err); f.Code != "internal" || status.Code(err) != codes.Internal || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", way, err)
		}
		if log.count("panic: the secret") != 1 || log.count("faults_test.go") == 0 {
			t.Errorf("%s: logged:\n%s", way, log)
		}
	}
}

// A fault of a service that was called on the way is passed on as it is.
func TestAFaultCrossesTwoServices(t *testing.T) {
	want := fault.New(fault.NotFound, "not_found", "no TEA")
	catalogue := rpctest.Serve(t, "catalogue", "orders", echo{unary: func(context.Context, string) (string, error) { return "", want }}.register)
	orders := rpctest.Serve(t, "orders", "gateway", echo{unary: func(ctx context.Context, s string) (string, error) {
		s, err := call(ctx, catalogue, "Once", s)
		if err != nil {
			return "", fmt.Errorf("price: %w", err)
		}
		return s, nil
	}}.register)
	_, err := call(t.Context(), orders, "Once", "")
	if diff := cmp.Diff(want, fault.From(err)); diff != "" {
		t.Errorf("fault (-sent +received):\n%s", diff)
	}
}

func TestErrorsAreTranslatedFirst(t *testing.T) {
	f := start(t, echo{unary: func(context.Context, string) (string, error) { return "", io.ErrUnexpectedEOF }}, rpc.Options{
		Translate: func(err error) error {
			return errors.Join(fault.New(fault.Unavailable, "unavailable", "the database rests"), err)
		},
	})
	if _, err := call(t.Context(), f.dial(t), "Once", ""); fault.From(err).Detail != "the database rests" {
		t.Errorf("got %v", err)
	}
}
