// Package otlp is a small receiver of OpenTelemetry's OTLP: it keeps the newest
// traces for people and tests to look at, and passes everything on to the
// user's own receiver when there is one.
//
// It speaks OTLP/HTTP (protobuf and JSON) and OTLP/gRPC, and answers questions
// about traces as JSON on the HTTP port.
package otlp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"triptych/lab/trace"
)

// maxBody bounds a request, before and after it is unpacked. An exporter's
// batch of 512 spans is about 0.3 MB.
const maxBody = 16 << 20

// A Receiver is a running OTLP receiver.
type Receiver struct {
	store *trace.Store
	relay *relay
	http  net.Listener
	grpc  net.Listener
}

// Listen takes two free ports of the loopback interface, so that processes can
// be told where to report before anything is served. Serve must follow. What is
// received is passed on to the user's own receiver.
func Listen(to RelayTo) (*Receiver, error) {
	var err error
	r := &Receiver{store: trace.NewStore(trace.Limits{}), relay: newRelay(to)}
	if r.http, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("listen for OTLP/HTTP: %w", err)
	}
	if r.grpc, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		_ = r.http.Close()
		return nil, fmt.Errorf("listen for OTLP/gRPC: %w", err)
	}
	return r, nil
}

// URL is the base for OTEL_EXPORTER_OTLP_ENDPOINT and for the questions under
// /api.
func (r *Receiver) URL() string { return "http://" + r.http.Addr().String() }

// GRPCAddr is the host and port for OTLP/gRPC.
func (r *Receiver) GRPCAddr() string { return r.grpc.Addr().String() }

// Traces returns what has been received.
func (r *Receiver) Traces() *trace.Store { return r.store }

// Wait returns the trace of that id once settled says so; see trace.Store.Wait.
func (r *Receiver) Wait(ctx context.Context, id trace.ID, settled func(trace.Trace) bool) (trace.Trace, error) {
	return r.store.Wait(ctx, id, settled)
}

// Serve receives until ctx ends, and then for as long as requests under way
// take, at most two seconds.
func (r *Receiver) Serve(ctx context.Context) error {
	web := &http.Server{Handler: r.handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute}
	rpc := r.grpcServer()
	relayCtx, stopRelay := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRelay()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		if err := web.Serve(r.http); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve OTLP/HTTP: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		if err := rpc.Serve(r.grpc); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
			return fmt.Errorf("serve OTLP/gRPC: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		<-ctx.Done()
		r.stop(context.WithoutCancel(ctx), web, rpc)
		stopRelay() // only now can nothing more come to be passed on
		return nil
	})
	g.Go(func() error { return r.relay.run(relayCtx) })
	return g.Wait()
}

func (r *Receiver) stop(ctx context.Context, web *http.Server, rpc *grpc.Server) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		rpc.GracefulStop()
	}()
	if web.Shutdown(ctx) != nil {
		_ = web.Close()
	}
	select {
	case <-stopped:
	case <-ctx.Done():
		rpc.Stop() // ends GracefulStop, too
		<-stopped
	}
}
