package kafka

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/produce"
)

// A transport is kafka-go's, which reuses connections that the other end has
// closed, and fails. All but publishing, which the writer repeats, can be asked
// again on another connection.
type transport struct{ *kafka.Transport }

func newTransport() transport {
	return transport{&kafka.Transport{
		Dial:        (&net.Dialer{Timeout: dialTimeout, KeepAliveConfig: keepAlive}).DialContext,
		DialTimeout: dialTimeout,
		IdleTimeout: time.Minute,
		ClientID:    "triptych",
	}}
}

// keepAlive finds out within half a minute that the other end is gone without a
// word.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 4}

// RoundTrip implements kafka.RoundTripper.
func (t transport) RoundTrip(ctx context.Context, addr net.Addr, r kafka.Request) (kafka.Response, error) {
	_, publishing := r.(*produce.Request)
	for range 3 {
		response, err := t.Transport.RoundTrip(ctx, addr, r)
		if err == nil || publishing || !hungUp(err) {
			return response, err
		}
	}
	return t.Transport.RoundTrip(ctx, addr, r)
}

// hungUp reports whether err says that the other end has closed a connection.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) ||
		errors.Is(err, net.ErrClosed) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
