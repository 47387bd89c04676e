package rpc

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc/filters"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// reconnect has a service that was restarted found again within a second. The
// defaults are made for the internet, with two minutes at most.
var reconnect = grpc.ConnectParams{
	Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
	MinConnectTimeout: 2 * time.Second,
}

// Dial returns a connection to the service of that name, which must prove it. It
// connects when it is used, and again whenever it has to; a call while there is
// no connection fails at once. Further options are for tests.
func Dial(id *Identity, name, addr string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	// passthrough: the dialer looks the name up for every connection. gRPC's own
	// resolver does so twice a minute at most, and would miss a service that
	// came back elsewhere.
	c, err := grpc.NewClient("passthrough:///"+addr, append([]grpc.DialOption{
		grpc.WithTransportCredentials(newClientCredentials(id, name)),
		grpc.WithStatsHandler(otelgrpc.NewClientHandler(otelgrpc.WithFilter(filters.Not(filters.HealthCheck())))),
		grpc.WithUnaryInterceptor(callUnary),
		grpc.WithStreamInterceptor(callStream),
		grpc.WithDefaultServiceConfig(serviceConfig(protoregistry.GlobalFiles)),
		grpc.WithDisableServiceConfig(), // from the network
		grpc.WithConnectParams(reconnect),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: pingAfter, Timeout: pingTimeout, PermitWithoutStream: true}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
		grpc.WithReadBufferSize(bufferSize),
		grpc.WithWriteBufferSize(bufferSize),
		grpc.WithStaticStreamWindowSize(streamWindow),
		grpc.WithStaticConnWindowSize(connWindow),
		grpc.WithNoProxy(),
	}, options...)...)
	if err != nil {
		return nil, fmt.Errorf("dial %s at %s: %w", name, addr, err)
	}
	return c, nil
}

// callUnary is between every caller of a single call and the network.
func callUnary(ctx context.Context, method string, req, reply any, c *grpc.ClientConn, invoke grpc.UnaryInvoker, o ...grpc.CallOption) error {
	within, cancel := withDeadline(ctx)
	defer cancel()
	if err := invoke(within, method, req, reply, c, o...); err != nil {
		return received(ctx, method, err)
	}
	return nil
}
