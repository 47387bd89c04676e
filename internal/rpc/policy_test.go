package rpc_test

import (
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"triptych/internal/rpc"
	"triptych/internal/rpc/rpctest"
)

func TestWhoMayCallWhat(t *testing.T) {
	e := echo{unary: same, stream: func(grpc.ServerStream) error { return nil }}
	s := rpctest.Start(t, "stock", func(r grpc.ServiceRegistrar) {
		e.register(r)
		unknown := echoDesc // a service without a .proto file
		unknown.ServiceName = "test.v1.Unknown"
		r.RegisterService(&unknown, e)
	})
	for _, c := range []struct {
		caller, method string
		want           codes.Code
	}{
		{"gateway", "/test.v1.Echo/Once", codes.OK},
		{"orders", "/test.v1.Echo/Once", codes.OK},
		{"payroll", "/test.v1.Echo/Once", codes.PermissionDenied},
		{"orders", "/test.v1.Echo/Read", codes.PermissionDenied},
		{"gateway", "/test.v1.Echo/Closed", codes.PermissionDenied}, // no callers
		{"stock", "/test.v1.Echo/Once", codes.PermissionDenied},     // not even itself
		{"gateway", "/test.v1.Unknown/Once", codes.PermissionDenied},
		{"gateway", "/test.v1.Echo/None", codes.Unimplemented},
		// Other ways to write a method's name are nobody's way around who may call it.
		{"payroll", "test.v1.Echo/Once", codes.Unimplemented},
		{"payroll", "//test.v1.Echo/Once", codes.Unimplemented},
		{"payroll", "/test.v1.Echo/Once/", codes.Unimplemented},
	} {
		err := s.Dial(t, c.caller).Invoke(t.Context(), c.method, &healthpb.HealthCheckRequest{}, &healthpb.HealthCheckRequest{})
		if got := status.Code(err); got != c.want {
			t.Errorf("%s calls %s: %v, want %s", c.caller, c.method, err, c.want)
		}
	}
	if err := rpc.Health(t.Context(), s.Dial(t, "payroll")); err != nil {
		t.Errorf("payroll asks for health: %v", err)
	}

	stream, err := watch(t.Context(), s.Dial(t, "orders"))
	if err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.PermissionDenied {
		t.Errorf("orders watches: %v, want that it may not", err)
	}
}
