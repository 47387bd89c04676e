package poller_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace/noop"
)

const (
	first  = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	second = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
)

func (w *world) traced() {
	with := func(parent string) kafka.Record {
		return kafka.Record{Value: kafka.NewBytes([]byte("v")), Headers: []kafka.Header{{Key: "traceparent", Value: []byte(parent)}}}
	}
	w.produce(0, kafka.Record{Value: kafka.NewBytes([]byte("v"))}, with("nonsense"), with(first), with(second), with(first))
}

// The function is told of the trace of the first record that has one, whether or
// not anybody collects spans.
func TestTheTraceGoesOn(t *testing.T) {
	w := newWorld(t, 1)
	w.traced()
	w.poll(w.mapping())
	w.until("the batch", func() bool { return len(w.did()) == 1 })
	if got, want := w.did()[0].Trace.String(), "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1"; got != want {
		t.Errorf("the trace is %s, want %s", got, want)
	}
}

// The batch is a span of its own in that trace, linked to all of them.
func TestTheBatchIsASpan(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	otel.SetTracerProvider(sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)))
	// What there was before hands on to this one from now on.
	defer otel.SetTracerProvider(noop.NewTracerProvider())
	w := newWorld(t, 1)
	w.traced()
	m := w.mapping()
	_, stop := w.poll(m)
	w.until("all to be committed", func() bool { return w.committed(m, 0) == 5 })
	stop()
	if len(spans.Ended()) != 1 {
		t.Fatalf("there are %d spans, want 1", len(spans.Ended()))
	}
	span := spans.Ended()[0]
	if span.Name() != "process "+w.topic || span.Parent().SpanID().String() != "b7ad6b7169203331" {
		t.Errorf("span %s of %s", span.Name(), span.Parent().SpanID())
	}
	var links []string
	for _, l := range span.Links() {
		links = append(links, l.SpanContext.TraceID().String())
	}
	if diff := cmp.Diff([]string{"0af7651916cd43dd8448eb211c80319c", "4bf92f3577b34da6a3ce929d0e0e4736"}, links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if got := w.did()[0].Trace; got.Parent != span.SpanContext().SpanID() || got.Root.String() != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("the function is told of %s", got)
	}
}
