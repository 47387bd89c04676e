package kafka_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/waittest"
)

func TestConsumeGetsWhatWasPublished(t *testing.T) {
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 6}
	c := open(t, kafkatest.Brokers(t), topic)
	want := []kafka.Message{
		{Topic: topic.Name, ID: uuid.New(), Key: "o1", Type: "events.v1.OrderPlaced", Value: []byte("a"), Attempt: 1,
			Time:  time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC),
			Trace: map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", "tracestate": "a=1"}},
		{Topic: topic.Name, ID: uuid.New(), Key: "o1", Type: "events.v1.OrderConfirmed", Value: []byte("b"), Attempt: 1,
			Time: time.Date(2026, 3, 1, 12, 0, 1, 0, time.UTC), Trace: map[string]string{}},
	}
	publish(t, c, want...)
	got := collect(t, c, kafka.Consumer{Group: kafkatest.Name(t, "reports"), Topics: []kafka.Topic{topic}}, len(want))
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(kafka.Message{}, "Partition", "Offset")); diff != "" {
		t.Errorf("consumed (-want +got):\n%s", diff)
	}
}

func TestMessagesOfAKeyKeepTheirOrder(t *testing.T) {
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 6}
	c := open(t, kafkatest.Brokers(t), topic)
	var sent []kafka.Message
	for i := range 1000 {
		sent = append(sent, message(topic.Name, fmt.Sprint("key", i%20), fmt.Sprint(i)))
	}
	publish(t, c, sent...)
	got := collect(t, c, kafka.Consumer{Group: kafkatest.Name(t, "reports"), Topics: []kafka.Topic{topic}}, len(sent))
	byKey := func(messages []kafka.Message) map[string][]string {
		m := map[string][]string{}
		for _, x := range messages {
			m[x.Key] = append(m[x.Key], string(x.Value))
		}
		return m
	}
	if diff := cmp.Diff(byKey(sent), byKey(got)); diff != "" {
		t.Errorf("consumed (-want +got):\n%s", diff)
	}
}

func open(t testing.TB, brokers string, topics ...kafka.Topic) *kafka.Client {
	t.Helper()
	c, err := kafka.Open(brokers, topics...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func ready(t testing.TB, c *kafka.Client) *kafka.Client {
	t.Helper()
	if err := c.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func message(topic, key, value string) kafka.Message {
	return kafka.Message{Topic: topic, ID: uuid.New(), Key: key, Type: "test.Value", Value: []byte(value), Time: time.Now(), Attempt: 1}
}

// collect consumes until n messages were handled.
func collect(t testing.TB, c *kafka.Client, consumer kafka.Consumer, n int) []kafka.Message {
	t.Helper()
	var seen journal
	consumer.Handle = seen.note(nil)
	stop := start(t, c, consumer)
	seen.await(t, n)
	stop()
	return seen.all()
}

// start runs a consumer until stop is called, or to the end of t.
func start(t testing.TB, c *kafka.Client, consumer kafka.Consumer) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Consume(ctx, consumer) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// A journal notes what was handled well.
type journal struct {
	mu       sync.Mutex
	messages []kafka.Message
}

// note returns a handler that notes what f, if there is one, does not refuse.
func (j *journal) note(f func(context.Context, kafka.Message) error) func(context.Context, kafka.Message) error {
	return func(ctx context.Context, m kafka.Message) error {
		if f != nil {
			if err := f(ctx, m); err != nil {
				return err
			}
		}
		j.mu.Lock()
		defer j.mu.Unlock()
		j.messages = append(j.messages, m)
		return nil
	}
}

func (j *journal) all() []kafka.Message {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.messages)
}

// await waits until n messages were noted.
func (j *journal) await(t testing.TB, n int) {
	t.Helper()
	waittest.Until(t, fmt.Sprintf("%d messages", n), func() bool { return len(j.all()) >= n })
}

func publish(t testing.TB, c *kafka.Client, messages ...kafka.Message) {
	t.Helper()
	if err := c.Publish(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
}

func values(messages []kafka.Message) []string {
	all := make([]string, len(messages))
	for i, m := range messages {
		all[i] = string(m.Value)
	}
	return all
}

// waitFor returns a handler that waits.
func waitFor(release <-chan struct{}) func(context.Context, kafka.Message) error {
	return func(ctx context.Context, _ kafka.Message) error {
		select {
		case <-release:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
