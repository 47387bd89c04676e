package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.opentelemetry.io/otel"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"triptych/internal/faults"
	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/outbox"
	"triptych/internal/porttest"
	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
)

// Numbers are handed out before commit, and transactions commit in any order:
// the relay finds all the same, and sends the events of each key in the order
// in which they happened, also when there are two relays.
func TestNothingIsLostOrReordered(t *testing.T) {
	db := pgtest.New(t, outbox.Schema)
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 6}
	log := openLog(t, topic)
	one, other := startRelay(t, db, log), startRelay(t, db, log)
	want := happen(t, db, topic.Name, one, other)
	awaitEmpty(t, db)
	if diff := cmp.Diff(want, sent(t, log, topic.Name)); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

// What was published and not committed is sent again; nothing is lost.
func TestAFailureAfterPublishingRepeats(t *testing.T) {
	planted := faults.Enable()
	db := pgtest.New(t, outbox.Schema)
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 6}
	log := openLog(t, topic)
	relay := startRelay(t, db, log)
	if err := planted.Plant("outbox.sent", faults.Error, 0); err != nil {
		t.Fatal(err)
	}
	want := happen(t, db, topic.Name, relay)
	awaitEmpty(t, db)
	got := sent(t, log, topic.Name)
	if cmp.Equal(want, got) {
		t.Error("nothing was sent twice: the fault did not happen")
	}
	if diff := cmp.Diff(want, firsts(got)); diff != "" {
		t.Errorf("sent, without repeats (-want +got):\n%s", diff)
	}
}

// The same when the process ends at that point.
func TestACrashAfterPublishingRepeats(t *testing.T) {
	url := pgtest.URL(t, outbox.Schema)
	db := openDB(t, url)
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 6}
	brokers := kafkatest.Brokers(t)
	log, err := kafka.Open(brokers, topic)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	if err := log.Ready(t.Context()); err != nil { // the relay that crashes knows no topics
		t.Fatal(err)
	}
	want := happen(t, db, topic.Name)

	crash := exec.CommandContext(t.Context(), os.Args[0])
	crash.Env = append(os.Environ(), relayDatabase+"="+url, relayBrokers+"="+brokers)
	crash.Stderr = os.Stderr
	if err := crash.Run(); crash.ProcessState == nil || crash.ProcessState.ExitCode() != 137 {
		t.Fatalf("the process that was to crash: %v", err)
	}
	if len(read(t, log, topic.Name, 1)) == 0 {
		t.Fatal("it crashed before it published")
	}
	startRelay(t, db, log)
	awaitEmpty(t, db)
	if diff := cmp.Diff(want, firsts(sent(t, log, topic.Name))); diff != "" {
		t.Errorf("sent, without repeats (-want +got):\n%s", diff)
	}
}

const (
	relayDatabase = "RELAY_DATABASE" // this process is a relay that crashes
	relayBrokers  = "RELAY_BROKERS"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(relayDatabase); url != "" {
		fmt.Fprintln(os.Stderr, crashingRelay(context.Background(), url, os.Getenv(relayBrokers)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func crashingRelay(ctx context.Context, url, brokers string) error {
	db, err := postgres.Open(ctx, url)
	if err != nil {
		return err
	}
	log, err := kafka.Open(brokers)
	if err != nil {
		return err
	}
	if err := faults.Enable().Plant("outbox.sent", faults.Exit, 0); err != nil {
		return err
	}
	return outbox.NewRelay(db, log).Run(ctx)
}

// A broker that does not take events is waited for.
func TestTheBrokerIsAway(t *testing.T) {
	broker := kafkatest.New(t)
	refused := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed, Count: 3})
	log, err := kafka.Open(broker.ListenAddrs()[0], kafka.Topic{Name: "orders", Partitions: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	db := pgtest.New(t, outbox.Schema)
	relay := startRelay(t, db, log)
	want := happen(t, db, "orders", relay)
	awaitEmpty(t, db)
	if diff := cmp.Diff(want, sent(t, log, "orders")); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if n := refused.Hits(); n != 3 {
		t.Errorf("the broker refused %d times, want 3", n)
	}
}

// A broker that is not there yet is waited for, and no transaction waits with it.
func TestTheBrokerComesLater(t *testing.T) {
	at, err := net.ResolveTCPAddr("tcp", porttest.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	log, err := kafka.Open(at.String(), kafka.Topic{Name: "orders", Partitions: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	db := pgtest.New(t, outbox.Schema)
	relay := startRelay(t, db, log)
	want := happen(t, db, "orders", relay)
	var busy int
	if err := db.QueryRow(t.Context(), `
		SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND state = 'idle in transaction'`).Scan(&busy); err != nil || busy > 0 {
		t.Errorf("%d transactions wait for the broker, %v", busy, err)
	}
	kafkatest.New(t, kfake.Ports(at.Port))
	awaitEmpty(t, db)
	if diff := cmp.Diff(want, sent(t, log, "orders")); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
}

// A log that will never take the events is no reason to wait.
func TestTheTopicIsNotAsItMustBe(t *testing.T) {
	broker := kafkatest.New(t, kfake.SeedTopics(1, "orders"))
	log, err := kafka.Open(broker.ListenAddrs()[0], kafka.Topic{Name: "orders", Partitions: 6})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	err = outbox.NewRelay(pgtest.New(t, outbox.Schema), log).Run(t.Context())
	if err == nil || !strings.HasPrefix(err.Error(), "the topic orders has 1 partitions and needs 6: ") {
		t.Errorf("the relay ended with %v", err)
	}
}

// A relay that has nothing to do is not seen in traces, even by a sampler that
// takes everything.
func TestAnIdleRelayIsSilent(t *testing.T) {
	spans := tracetest.NewInMemoryExporter()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(sdk.NewTracerProvider(sdk.WithSyncer(spans)))
	t.Cleanup(func() { otel.SetTracerProvider(before) })
	db := pgtest.New(t, outbox.Schema)
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 1}
	relay := startRelay(t, db, openLog(t, topic))
	for range 20 {
		relay.Wake()
		time.Sleep(5 * time.Millisecond)
	}
	add(t, t.Context(), db, topic.Name, "o1", "placed") // in no trace
	relay.Wake()
	awaitEmpty(t, db)
	for _, s := range spans.GetSpans() {
		t.Errorf("there is a span %s", s.Name)
	}
}

const (
	writers = 12
	keys    = 8
)

// happen has writers add events to keys at once, in transactions that take
// turns for each key, commit in any order, and are sometimes rolled back, and
// wakes relays meanwhile. It returns the events of each key.
func happen(t *testing.T, db *pgxpool.Pool, topic string, relays ...*outbox.Relay) map[string][]string {
	t.Helper()
	if _, err := db.Exec(t.Context(), `CREATE TABLE things (key text PRIMARY KEY, n int NOT NULL)`); err != nil {
		t.Fatal(err)
	}
	for k := range keys {
		if _, err := db.Exec(t.Context(), `INSERT INTO things VALUES ($1, 0)`, fmt.Sprint(k)); err != nil {
			t.Fatal(err)
		}
	}
	errUndone := errors.New("undone")
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for range 50 {
				err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
					key, n := fmt.Sprint(rand.N(keys)), 0
					if err := tx.QueryRow(t.Context(), `UPDATE things SET n = n + 1 WHERE key = $1 RETURNING n`, key).Scan(&n); err != nil {
						return err
					}
					if err := outbox.Add(t.Context(), tx, topic, key, wrapperspb.String(fmt.Sprint(n))); err != nil {
						return err
					}
					time.Sleep(rand.N(4 * time.Millisecond)) // so that others commit first
					if rand.N(10) == 0 {
						return errUndone
					}
					return nil
				})
				if err != nil && !errors.Is(err, errUndone) {
					t.Error(err)
				}
				for _, r := range relays {
					r.Wake()
				}
			}
		})
	}
	all.Wait()
	rows, err := db.Query(t.Context(), `SELECT key, n FROM things`)
	if err != nil {
		t.Fatal(err)
	}
	events := map[string][]string{}
	var key string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&key, &n}, func() error {
		for i := range n {
			events[key] = append(events[key], string(value(fmt.Sprint(i+1))))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return events
}

// sent returns what a topic has of each key.
func sent(t *testing.T, log *kafka.Client, topic string) map[string][]string {
	t.Helper()
	events := map[string][]string{}
	for _, m := range read(t, log, topic, 0) {
		events[m.Key] = append(events[m.Key], string(m.Value))
	}
	return events
}

// firsts leaves out what came before.
func firsts(events map[string][]string) map[string][]string {
	first := map[string][]string{}
	for key, all := range events {
		seen := map[string]bool{}
		for _, e := range all {
			if !seen[e] {
				first[key] = append(first[key], e)
			}
			seen[e] = true
		}
	}
	return first
}

func openDB(t *testing.T, url string) *pgxpool.Pool {
	t.Helper()
	db, err := postgres.Open(t.Context(), url, postgres.Patient)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}
