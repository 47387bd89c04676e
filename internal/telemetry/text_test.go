package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// What a stranger made up takes nothing else along.
func TestWhatIsNoTextIsReportedAsText(t *testing.T) {
	c := newCollector(t, nil)
	out, stop := start(t, Options{Service: "till", Getenv: exportTo(c.URL)})

	ctx, span := otel.Tracer("test").Start(context.Background(), "a\xff")
	span.SetAttributes(attribute.String("b", "b\xff"), attribute.StringSlice("c\xff", []string{"c", "\xff"}), attribute.Int("n", 1))
	span.RecordError(errors.New("d\xff"))
	span.AddEvent("e\xff", trace.WithAttributes(attribute.String("f", "f\xff")))
	span.SetStatus(codes.Error, "g\xff")
	span.End()
	slog.WarnContext(ctx, "h\xff", "err", errors.New("i\xff"), slog.Group("j", "k", "k\xff"), "all", []string{"l\xff"})

	s := httptest.NewServer(otelhttp.NewHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), "request"))
	defer s.Close()
	for _, r := range []string{"GET /%ff HTTP/1.1", "GET / HTTP/1.1\r\nUser-Agent: \xff"} {
		ask(t, s.Listener.Addr().String(), r)
	}
	stop()

	if out := out.String(); strings.Contains(out, "export failed") {
		t.Error(out)
	}
	names := c.spanNames()
	if want := []string{"a\uFFFD", "GET", "GET"}; !slices.Equal(names, want) {
		t.Errorf("spans %q, want %q", names, want)
	}
	said := fmt.Sprint(c.spans, c.logs)
	for _, want := range []string{"b", "c", "d", "e", "f", "g", "h", "i", "k", "l"} {
		if !strings.Contains(said, want+"\uFFFD") {
			t.Errorf("%s\uFFFD is not told", want)
		}
	}
	if len(c.metrics) == 0 {
		t.Error("no metrics arrived")
	}
}

// Whom a request is addressed to its client chooses: no metric is to tell them
// apart, or somebody could have there be millions.
func TestMetricsDoNotTellHostsApart(t *testing.T) {
	c := newCollector(t, nil)
	_, stop := start(t, Options{Service: "till", Getenv: exportTo(c.URL)})
	s := httptest.NewServer(otelhttp.NewHandler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), "request"))
	defer s.Close()
	ask(t, s.Listener.Addr().String(), "GET http://made-up.example:81/ HTTP/1.1")
	stop()
	said := fmt.Sprint(c.metrics)
	if !strings.Contains(said, "http.server.request.duration") || strings.Contains(said, ` attributes:{key:"server.`) {
		t.Errorf("the metrics are\n%s", said)
	}
}

// ask sends the beginning of a request as it is and waits for the answer.
func ask(t *testing.T, addr, request string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s\r\nHost: shop\r\nConnection: close\r\n\r\n", request)
	if answer, err := io.ReadAll(conn); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200") {
		t.Fatalf("%q: %q, %v", request, answer, err)
	}
}
