package otlp

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"triptych/internal/telemetry"
)

type passed struct {
	path string
	head http.Header
	body []byte
}

// target is a user's receiver that hands over what it gets.
func target(tb testing.TB) (url string, got <-chan passed) {
	c := make(chan passed, 100)
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		c <- passed{r.URL.Path, r.Header, b}
	}))
	tb.Cleanup(s.Close)
	return s.URL, c
}

// at are the targets under a base.
func at(base string) telemetry.Targets {
	return telemetry.Targets{Traces: base + "/v1/traces", Metrics: base + "/v1/metrics", Logs: base + "/v1/logs"}
}

func TestEverythingIsPassedOnUnchanged(t *testing.T) {
	url, got := target(t)
	r := serve(t, RelayTo{Targets: at(url + "/base"), Headers: map[string]string{"X-Key": "k"}})
	spans := twoSpans(t)
	for _, m := range []message{
		{"/v1/traces", typeProtobuf, "", spans},
		{"/v1/traces", typeProtobuf, "gzip", compress(t, spans)},
		{"/v1/traces", typeJSON, "", []byte(jsonSpan)},
		{"/v1/metrics", typeProtobuf, "", []byte{0x0a, 0}},
		{"/v1/logs", typeJSON, "", []byte(`{ "resourceLogs": [] }`)},
	} {
		header := []string{"Content-Type", m.kind}
		if m.encoding != "" {
			header = append(header, "Content-Encoding", m.encoding)
		}
		send(t, r.URL()+m.path, m.body, header...)
		p := <-got
		if p.path != "/base"+m.path || !bytes.Equal(p.body, m.body) || p.head.Get("Content-Type") != m.kind ||
			p.head.Get("Content-Encoding") != m.encoding || p.head.Get("X-Key") != "k" {
			t.Errorf("passed on %s %v %q, want %s %s %s %q", p.path, p.head, p.body, m.path, m.kind, m.encoding, m.body)
		}
	}
	exportOverGRPC(t, r, spans)
	if p := <-got; p.path != "/base/v1/traces" || !bytes.Equal(p.body, spans) || p.head.Get("Content-Type") != typeProtobuf {
		t.Errorf("passed on %s %v %q, want what came over gRPC", p.path, p.head, p.body)
	}
	send(t, r.URL()+"/v1/traces", spans[:5], "Content-Type", typeProtobuf)
	send(t, r.URL()+"/v1/logs", nil, "Content-Type", typeProtobuf)
	if p := <-got; p.path != "/base/v1/logs" {
		t.Errorf("a malformed request was passed on to %s", p.path)
	}
}

// A user's receiver that does not answer must hold up nobody, nor the end.
func TestASlowReceiverHoldsNobodyUp(t *testing.T) {
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer slow.Close()
	defer close(release)
	var log syncBuffer
	r, err := Listen(RelayTo{Targets: at(slow.URL)})
	if err != nil {
		t.Fatal(err)
	}
	r.relay.seldom = telemetry.Seldom{Log: slog.New(slog.NewTextHandler(&log, nil))}
	r.relay.timeout = 200 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx) }()
	began := time.Now()
	for range 2 * relayQueue {
		send(t, r.URL()+"/v1/traces", twoSpans(t), "Content-Type", typeProtobuf)
	}
	if took := time.Since(began); took > 40*time.Second { // one after the other they would take 100
		t.Errorf("%d requests took %v", 2*relayQueue, took)
	}
	cancel()
	began = time.Now()
	if err := <-done; err != nil || time.Since(began) > 40*time.Second {
		t.Errorf("Serve ended with %v after %v", err, time.Since(began))
	}
	if n := strings.Count(log.String(), "telemetry not passed on"); n != 1 {
		t.Errorf("%d complaints, want 1:\n%s", n, log.String())
	}
	if n := r.relay.waiting.Load(); n < 0 || n > relayBytes {
		t.Errorf("%d bytes said to be waiting", n)
	}
	http.DefaultClient.CloseIdleConnections()
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// Someone may set the receiver's own address as the user's.
func TestReceiversDoNotPassOnInCircles(t *testing.T) {
	url, got := target(t)
	r := serve(t, RelayTo{Targets: at(url)})
	send(t, r.URL()+"/v1/traces", twoSpans(t), "Content-Type", typeProtobuf)
	p := <-got
	mark := p.head.Get(relayedHeader)
	send(t, r.URL()+"/v1/traces", p.body, "Content-Type", typeProtobuf, relayedHeader, mark)
	send(t, r.URL()+"/v1/logs", nil, "Content-Type", typeProtobuf)
	if p := <-got; p.path != "/v1/logs" {
		t.Errorf("what was passed on came back and was passed on again")
	}
}

func TestWhatIsQueuedIsPassedOnAtTheEnd(t *testing.T) {
	url, got := target(t)
	r, err := Listen(RelayTo{Targets: at(url)})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		r.relay.forward(message{"/v1/traces", typeProtobuf, "", nil}, nil)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Serve(ctx); err != nil {
		t.Fatal(err)
	}
	if len(got) != 20 {
		t.Errorf("%d passed on, want 20", len(got))
	}
}

func TestRelayFromTheEnvironment(t *testing.T) {
	env := map[string]string{}
	getenv := func(k string) string { return env[k] }
	if to, err := RelayFrom(getenv); err != nil || to.Targets != (telemetry.Targets{}) {
		t.Errorf("RelayFrom = %+v, %v; want none", to, err)
	}
	env["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://jaeger:4318"
	env["OTEL_EXPORTER_OTLP_HEADERS"] = "api-key=a%20b, x=1,nonsense"
	to, err := RelayFrom(getenv)
	if err != nil || to.Targets != at("http://jaeger:4318") || len(to.Headers) != 2 || to.Headers["api-key"] != "a b" || to.Headers["x"] != "1" {
		t.Errorf("RelayFrom = %+v, %v; want jaeger and two headers", to, err)
	}
	env["OTEL_EXPORTER_OTLP_ENDPOINT"] = "jaeger:4318"
	if _, err := RelayFrom(getenv); err == nil {
		t.Error("an endpoint without a scheme was taken")
	}
}

func TestAProgramReportsHereWhateverTheUserSet(t *testing.T) {
	r := serve(t, RelayTo{})
	got := r.Env([]string{"HOME=/h", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://jaeger", "OTEL_EXPORTER_OTLP_CERTIFICATE=/ca",
		"OTEL_SDK_DISABLED=true", "OTEL_LOGS_EXPORTER=none", "OTEL_SERVICE_NAME=mine", "OTEL_TRACES_SAMPLER=always_on", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"})
	want := []string{"HOME=/h", "OTEL_TRACES_SAMPLER=always_on", "OTEL_EXPORTER_OTLP_ENDPOINT=" + r.URL()}
	if !slices.Equal(got, want) {
		t.Errorf("Env = %v, want %v", got, want)
	}
}
