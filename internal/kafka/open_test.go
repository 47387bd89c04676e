package kafka_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/waittest"
)

func TestTopicsAreMade(t *testing.T) {
	brokers := kafkatest.Brokers(t)
	topics := []kafka.Topic{
		{Name: kafkatest.Name(t, "kept"), Partitions: 6},
		{Name: kafkatest.Name(t, "forgotten"), Partitions: 2, Retention: time.Hour},
		{Name: kafkatest.Name(t, "compacted"), Partitions: 1, Compacted: true},
	}
	ready(t, open(t, brokers, topics[:1]...))
	c := ready(t, open(t, brokers, topics...)) // the first one is there already
	for i, want := range []map[string]string{
		{"retention.ms": "-1", "cleanup.policy": "delete"},
		{"retention.ms": "3600000", "cleanup.policy": "delete"},
		{"retention.ms": "-1", "cleanup.policy": "compact"},
	} {
		got, err := c.Settings(t.Context(), topics[i].Name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", topics[i].Name, diff)
		}
	}
	// One with more partitions serves as well.
	topics[1].Partitions = 1
	ready(t, open(t, brokers, topics...))

	topics[0].Partitions = 7
	want := fmt.Sprintf("the topic %s has 6 partitions and needs 7", topics[0].Name)
	if err := open(t, brokers, topics...).Ready(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a topic with too few partitions: %v", err)
	}
}

func TestClientsThatNeedTheSameTopic(t *testing.T) {
	brokers := kafkatest.Brokers(t)
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 6}
	var all sync.WaitGroup
	for range 9 {
		all.Go(func() {
			c, err := kafka.Open(brokers, topic)
			if err == nil {
				err = errors.Join(c.Ready(t.Context()), c.Close())
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// A client does not need its broker to begin: who publishes or consumes before
// there is one goes on when it comes.
func TestABrokerThatComesLater(t *testing.T) {
	said := warnings(t)
	at := freePort(t)
	orders := kafka.Topic{Name: "orders", Partitions: 1}
	c := open(t, fmt.Sprint("127.0.0.1:", at), orders)
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

	kafkatest.New(t, kfake.Ports(at))
	came := time.Now()
	if err := errors.Join(<-ready, <-published); err != nil {
		t.Fatal(err)
	}
	seen.await(t, 1)
	if took := time.Since(came); took > 3*time.Second {
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

// What waiting does not help against is said, not waited for.
func TestTopicsThatCannotBeHad(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(*kfake.Cluster)
		want string
	}{
		{"there are too few partitions", func(broker *kfake.Cluster) {
			ready(t, open(t, broker.ListenAddrs()[0], kafka.Topic{Name: "orders", Partitions: 5}))
		}, "the topic orders has 5 partitions and needs 6: delete it"},
		{"this client may not make topics", func(broker *kfake.Cluster) {
			broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Err: kerr.TopicAuthorizationFailed, Count: -1})
		}, "[29] Topic Authorization Failed: "},
	} {
		broker := kafkatest.New(t)
		c.do(broker)
		log := open(t, broker.ListenAddrs()[0], kafka.Topic{Name: "orders", Partitions: 6})
		nothing := func(context.Context, kafka.Message) error { return nil }
		for call, err := range map[string]error{
			"Ready":   log.Ready(t.Context()),
			"Publish": log.Publish(t.Context(), message("orders", "o1", "x")),
			"Consume": log.Consume(t.Context(), kafka.Consumer{Group: "reports", Topics: []kafka.Topic{{Name: "orders", Partitions: 6}}, Handle: nothing}),
		} {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("when %s, %s says %v, want %s…", c.name, call, err, c.want)
			}
		}
	}
}

func TestNobodyIsThere(t *testing.T) {
	c := open(t, "127.0.0.1:1")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	for call, err := range map[string]error{
		"Ready":   c.Ready(ctx),
		"Publish": c.Publish(ctx, message("orders", "o1", "x")),
	} {
		if err == nil || !strings.Contains(err.Error(), "the Kafka broker 127.0.0.1:1 does not serve") {
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
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	waittest.Until(t, "a ping to fail", func() bool { return c.Ping(ctx) != nil })
}

// Without an acknowledgement of all replicas a message may be lost, and kafka-go
// asks for none unless it is told to.
func TestPublishWaitsForAllReplicas(t *testing.T) {
	broker := kafkatest.New(t)
	var mu sync.Mutex
	acks := map[int16]bool{}
	broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Observe: true, Count: -1, When: func(r kmsg.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		acks[r.(*kmsg.ProduceRequest).Acks] = true
		return true
	}})
	c := open(t, broker.ListenAddrs()[0], kafka.Topic{Name: "orders", Partitions: 1})
	began := time.Now()
	publish(t, c, message("orders", "o1", "x"))
	if took := time.Since(began); took > 500*time.Millisecond {
		t.Errorf("one message took %s", took)
	}
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(map[int16]bool{-1: true}, acks); diff != "" {
		t.Errorf("acknowledgements asked for (-want +got):\n%s", diff)
	}
}

// When a batch cannot be published, none behind it is: sent again, they would be
// there before it.
func TestPublishDoesNotGoPastAFailure(t *testing.T) {
	broker := kafkatest.New(t)
	c := open(t, broker.ListenAddrs()[0], kafka.Topic{Name: "orders", Partitions: 1})
	broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed})
	var sent []kafka.Message
	for i := range 1000 {
		sent = append(sent, message("orders", "o1", fmt.Sprint(i)))
	}
	if err := c.Publish(t.Context(), sent...); err == nil {
		t.Fatal("a broker that refuses is no error")
	}
	n := 0
	if err := c.Scan(t.Context(), "orders", func(kafka.Message) error { n++; return nil }); err != nil {
		t.Fatal(err)
	}
	if n != 0 {
		t.Errorf("%d messages behind the failure were published", n)
	}
	publish(t, c, sent...)
}

// freePort returns a port that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
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
