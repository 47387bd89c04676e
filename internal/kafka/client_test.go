package kafka_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"go.uber.org/goleak"

	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/porttest"
	"triptych/internal/waittest"
)

// A client does not need its broker to begin: who publishes or consumes before
// there is one goes on when it comes.
func TestABrokerThatComesLater(t *testing.T) {
	said := warnings(t)
	addr := porttest.Addr(t)
	orders := kafka.Topic{Name: "orders", Partitions: 1}
	c := open(t, addr, orders)
	ready, published := make(chan error, 1), make(chan error, 1)
	go func() { ready <- c.Ready(t.Context()) }()
	go func() { published <- c.Publish(t.Context(), message("orders", "o1", "early")) }()
	var seen, others journal
	start(t, c, kafka.Consumer{Group: "reports", Topics: []kafka.Topic{orders}, Handle: seen.note(nil)})
	start(t, c, kafka.Consumer{Group: "reports", Topics: []kafka.Topic{{Name: "payments", Partitions: 1}}, Handle: others.note(nil)})
	select {
	case err := <-ready:
		t.Fatalf("ready without a broker: %v", err)
	case err := <-published:
		t.Fatalf("published without a broker: %v", err)
	case <-time.After(300 * time.Millisecond):
	}

	at, err := net.ResolveTCPAddr("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	kafkatest.New(t, kfake.Ports(at.Port))
	came := time.Now()
	if err := errors.Join(<-ready, <-published); err != nil {
		t.Fatal(err)
	}
	seen.await(t, 1)
	if took := time.Since(came); took > 20*time.Second { // it is one at most, and a busy machine's time
		t.Errorf("it took %s to find the broker", took)
	}
	publish(t, c, message("orders", "o2", "late"), message("payments", "p1", "late"))
	seen.await(t, 2)
	others.await(t, 1)
	// Two that make the same topics are no trouble, nor is a broker that comes soon.
	if warned := said(); warned != "" {
		t.Errorf("it was said: %s", warned)
	}
}

func TestNobodyIsThere(t *testing.T) {
	c := open(t, "127.0.0.1:1")
	for call, do := range map[string]func(context.Context) error{
		"Ready":   c.Ready,
		"Publish": func(ctx context.Context) error { return c.Publish(ctx, message("orders", "o1", "x")) },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // for a first try at least
		defer cancel()
		if err := do(ctx); err == nil || !strings.Contains(err.Error(), "the Kafka broker 127.0.0.1:1 does not serve: ") || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s says %v", call, err)
		}
	}
	for _, wrong := range []string{"", " ", "kafka", "kafka:", "kafka:9092,other", "kafka:9092/orders"} {
		if _, err := kafka.Open(wrong); err == nil {
			t.Errorf("%q is no list of brokers", wrong)
		}
	}
	if _, err := kafka.Open("kafka:9092, [::1]:9093 other:9094"); err != nil {
		t.Error(err)
	}
}

func TestPingNoticesThatTheBrokerIsGone(t *testing.T) {
	broker := kafkatest.New(t)
	c := open(t, broker.ListenAddrs()[0])
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	broker.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	waittest.Until(t, "a ping to fail", func() bool { return c.Ping(ctx) != nil })
}

// What a client started has ended when it is closed.
func TestNothingIsLeftBehind(t *testing.T) {
	brokers := kafkatest.Brokers(t)
	before := goleak.IgnoreCurrent()
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 6}
	c, err := kafka.Open(brokers, topic)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, c, message(topic.Name, "o1", "a"), message(topic.Name, "o2", "b"))
	ctx, stop := context.WithCancel(t.Context())
	var seen journal
	done := make(chan error, 1)
	go func() {
		done <- c.Consume(ctx, kafka.Consumer{Group: kafkatest.Name(t, "reports"), Topics: []kafka.Topic{topic}, Handle: seen.note(nil)})
	}()
	seen.await(t, 2)
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	waittest.Ended(t, before)
}

// warnings returns what is logged from now on, but for what is information only.
func warnings(t *testing.T) (said func() string) {
	t.Helper()
	var mu sync.Mutex
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(writer(func(line []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(line)
	}), &slog.HandlerOptions{Level: slog.LevelWarn})))
	t.Cleanup(func() { slog.SetDefault(before) })
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return log.String()
	}
}

type writer func([]byte) (int, error)

func (f writer) Write(b []byte) (int, error) { return f(b) }
