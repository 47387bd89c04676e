package kafka_test

import (
	"context"
	"fmt"
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
)

func TestOpenMakesTopics(t *testing.T) {
	brokers := kafkatest.Brokers(t)
	topics := []kafka.Topic{
		{Name: kafkatest.Name(t, "kept"), Partitions: 6},
		{Name: kafkatest.Name(t, "forgotten"), Partitions: 2, Retention: time.Hour},
		{Name: kafkatest.Name(t, "compacted"), Partitions: 1, Compacted: true},
	}
	open(t, brokers, topics[:1]...)
	c := open(t, brokers, topics...) // the first one is there already
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
	open(t, brokers, topics...)

	topics[0].Partitions = 7
	_, err := kafka.Open(t.Context(), brokers, topics...)
	want := fmt.Sprintf("the topic %s has 6 partitions and needs 7", topics[0].Name)
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a topic with too few partitions: %v", err)
	}
}

func TestOpenAtOnce(t *testing.T) {
	brokers := kafkatest.Brokers(t)
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 6}
	var opening sync.WaitGroup
	for range 9 {
		opening.Go(func() {
			c, err := kafka.Open(t.Context(), brokers, topic)
			if err != nil {
				t.Error(err)
				return
			}
			c.Close()
		})
	}
	opening.Wait()
}

func TestOpenWaitsForABrokerThatStarts(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := l.Addr().(*net.TCPAddr)
	l.Close()
	opened := make(chan error, 1)
	go func() {
		c, err := kafka.Open(t.Context(), at.String(), kafka.Topic{Name: "orders", Partitions: 1})
		if err == nil {
			err = c.Close()
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		t.Fatalf("without a broker: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(at.Port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	began := time.Now()
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s to find the broker", took)
	}
}

func TestNobodyIsThere(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := kafka.Open(ctx, "127.0.0.1:1")
	if err == nil || !strings.Contains(err.Error(), "the Kafka broker 127.0.0.1:1 does not serve") {
		t.Errorf("got %v", err)
	}
	if _, err := kafka.Open(t.Context(), " "); err == nil {
		t.Error("no address is no broker")
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
	await(t, "a ping to fail", func() bool { return c.Ping(ctx) != nil })
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
