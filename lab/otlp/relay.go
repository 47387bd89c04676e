package otlp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"triptych/internal/telemetry"
)

// RelayTo is the user's own receiver. The zero RelayTo is none.
type RelayTo struct {
	telemetry.Targets
	Headers map[string]string // sent with every request, such as a key
}

// RelayFrom reads the user's receiver from OpenTelemetry's standard variables.
func RelayFrom(getenv func(string) string) (RelayTo, error) {
	to := RelayTo{Headers: map[string]string{}}
	var err error
	if to.Targets, err = telemetry.Endpoints(getenv); err != nil {
		return RelayTo{}, err
	}
	for pair := range strings.SplitSeq(getenv("OTEL_EXPORTER_OTLP_HEADERS"), ",") {
		k, v, ok := strings.Cut(pair, "=")
		v, err := url.PathUnescape(strings.TrimSpace(v))
		if !ok || err != nil {
			continue // as the exporters do
		}
		to.Headers[strings.TrimSpace(k)] = v
	}
	return to, nil
}

const (
	relayQueue   = 256 // requests that wait to be passed on
	relayBytes   = 16 << 20
	relayTimeout = 5 * time.Second
	relaySenders = 2
	// relayedHeader marks what was passed on once, so that a receiver whose
	// user's receiver is itself does not go round in circles.
	relayedHeader = "Triptych-Relayed"
)

// A message is a request as it came.
type message struct {
	path, kind, encoding string
	body                 []byte
}

// A relay passes messages on, best effort: what does not fit its queue is
// dropped, and nobody waits.
type relay struct {
	urls    map[string]string // where to, by the path under which it came; what has no place here goes nowhere
	headers map[string]string
	queue   chan message
	waiting atomic.Int64  // bytes in the queue
	timeout time.Duration // of a request, and of all that are left at the end
	client  *http.Client
	seldom  telemetry.Seldom
}

func newRelay(to RelayTo) *relay {
	return &relay{
		urls:    map[string]string{"/v1/traces": to.Traces, "/v1/metrics": to.Metrics, "/v1/logs": to.Logs},
		headers: to.Headers,
		queue:   make(chan message, relayQueue),
		timeout: relayTimeout,
		client: &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: relaySenders, IdleConnTimeout: time.Minute}},
	}
}

// forward queues a message, unless its headers say that it was passed on before.
func (r *relay) forward(m message, h http.Header) {
	if r.urls[m.path] == "" || h.Get(relayedHeader) != "" {
		return
	}
	size := int64(len(m.body))
	if r.waiting.Add(size) > relayBytes {
		r.drop(size)
		return
	}
	select {
	case r.queue <- m:
	default:
		r.drop(size)
	}
}

func (r *relay) drop(size int64) {
	r.waiting.Add(-size)
	r.seldom.Warn("telemetry not passed on", errors.New("the receiver takes it too slowly"))
}

// run passes messages on until ctx ends, and then what is queued, within the
// time of one request.
func (r *relay) run(ctx context.Context) error {
	defer r.client.CloseIdleConnections()
	last, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(r.timeout, cancel) })
	defer stop()
	var g errgroup.Group
	for range relaySenders {
		g.Go(func() error {
			r.sendUntil(ctx, last)
			return nil
		})
	}
	return g.Wait()
}

func (r *relay) sendUntil(ctx, last context.Context) {
	for {
		select {
		case m := <-r.queue:
			r.send(last, m)
			continue
		default:
		}
		select {
		case m := <-r.queue:
			r.send(last, m)
		case <-ctx.Done():
			if len(r.queue) == 0 {
				return
			}
		}
	}
}

func (r *relay) send(ctx context.Context, m message) {
	defer r.waiting.Add(-int64(len(m.body)))
	if err := r.post(ctx, m); err != nil {
		r.seldom.Warn("telemetry not passed on", err)
	}
}

func (r *relay) post(ctx context.Context, m message) error {
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.urls[m.path], bytes.NewReader(m.body))
	if err != nil {
		return err
	}
	for k, v := range r.headers {
		req.Header.Set(k, v)
	}
	req.Header.Set("Content-Type", m.kind)
	req.Header.Set(relayedHeader, "1")
	if m.encoding != "" {
		req.Header.Set("Content-Encoding", m.encoding)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // so that the connection is used again
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s answers %s", req.URL, resp.Status)
	}
	return nil
}
