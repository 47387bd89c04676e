package outbox_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/outbox"
	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
)

func TestTheRelaySendsWhatWasCommitted(t *testing.T) {
	db := pgtest.New(t, outbox.Schema)
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 6}
	log := openLog(t, topic)
	relay := startRelay(t, db, log)

	ctx := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceState: mustState(t, "shop=1")}))
	add(t, ctx, db, topic.Name, "o1", "placed")
	err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
		if err := outbox.Add(t.Context(), tx, topic.Name, "o2", wrapperspb.String("never happened")); err != nil {
			return err
		}
		return context.Canceled
	})
	if err == nil {
		t.Fatal("the transaction was committed")
	}
	add(t, t.Context(), db, topic.Name, "o1", "confirmed")
	relay.Wake()

	got := read(t, log, topic.Name, 2)
	want := []kafka.Message{
		{Topic: topic.Name, Key: "o1", Type: "google.protobuf.StringValue", Value: value("placed"), Attempt: 1, Trace: map[string]string{
			"traceparent": "00-01000000000000000000000000000000-0200000000000000-00", "tracestate": "shop=1"}},
		{Topic: topic.Name, Key: "o1", Type: "google.protobuf.StringValue", Value: value("confirmed"), Attempt: 1, Trace: map[string]string{}},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(kafka.Message{}, "ID", "Partition", "Offset", "Time")); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	for _, m := range got {
		if m.ID == uuid.Nil || time.Since(m.Time) > time.Minute {
			t.Errorf("%s has the id %s and the time %s", m.Key, m.ID, m.Time)
		}
	}
	awaitEmpty(t, db)
}

func TestAddRefusesWhatNoBrokerTakes(t *testing.T) {
	db := pgtest.New(t, outbox.Schema)
	for _, c := range []struct {
		bytes int
		ok    bool
	}{{890_000, true}, {900_001, false}} {
		err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
			return outbox.Add(t.Context(), tx, "orders", "o1", wrapperspb.String(strings.Repeat("x", c.bytes)))
		})
		if (err == nil) != c.ok {
			t.Errorf("%d bytes: %v", c.bytes, err)
		}
	}
}

func openLog(t testing.TB, topics ...kafka.Topic) *kafka.Client {
	t.Helper()
	c, err := kafka.Open(kafkatest.Brokers(t), topics...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// startRelay runs a relay until the end of t.
func startRelay(t testing.TB, db *pgxpool.Pool, log *kafka.Client) *outbox.Relay {
	t.Helper()
	r := outbox.NewRelay(db, log)
	t.Cleanup(runRelay(t, r))
	return r
}

// runRelay runs a relay until stop is called.
func runRelay(t testing.TB, r *outbox.Relay) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func add(t testing.TB, ctx context.Context, db *pgxpool.Pool, topic, key, what string) {
	t.Helper()
	err := postgres.InTx(ctx, db, func(tx pgx.Tx) error {
		return outbox.Add(ctx, tx, topic, key, wrapperspb.String(what))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// read returns what a topic has once it has n messages.
func read(t testing.TB, log *kafka.Client, topic string, n int) []kafka.Message {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		var got []kafka.Message
		err := log.Scan(t.Context(), topic, func(m kafka.Message) error {
			got = append(got, m)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) >= n {
			return got
		}
		if time.Now().After(deadline) {
			t.Fatalf("the topic has %d messages, want %d", len(got), n)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func awaitEmpty(t testing.TB, db *pgxpool.Pool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		var n int
		if err := db.QueryRow(t.Context(), `SELECT count(*) FROM outbox`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d events are still in the outbox", n)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func value(s string) []byte {
	b, err := proto.Marshal(wrapperspb.String(s))
	if err != nil {
		panic(err)
	}
	return b
}

func mustState(t testing.TB, s string) trace.TraceState {
	t.Helper()
	state, err := trace.ParseTraceState(s)
	if err != nil {
		t.Fatal(err)
	}
	return state
}
