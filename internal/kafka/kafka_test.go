package kafka_test

import (
	"context"
	"errors"
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
	if err := c.Publish(t.Context(), want...); err != nil {
		t.Fatal(err)
	}
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
	if err := c.Publish(t.Context(), sent...); err != nil {
		t.Fatal(err)
	}
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
	c, err := kafka.Open(t.Context(), brokers, topics...)
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

func message(topic, key, value string) kafka.Message {
	return kafka.Message{Topic: topic, ID: uuid.New(), Key: key, Type: "test.Value", Value: []byte(value), Time: time.Now(), Attempt: 1}
}

// collect consumes until n messages were handled.
func collect(t testing.TB, c *kafka.Client, consumer kafka.Consumer, n int) []kafka.Message {
	t.Helper()
	var got []kafka.Message
	var mu sync.Mutex
	ctx, enough := context.WithCancel(t.Context())
	consumer.Handle = func(_ context.Context, m kafka.Message) error {
		mu.Lock()
		defer mu.Unlock()
		if got = append(got, m); len(got) == n {
			enough()
		}
		return nil
	}
	done := make(chan error, 1)
	go func() { done <- c.Consume(ctx, consumer) }()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(30 * time.Second):
		enough()
		<-done
		mu.Lock()
		defer mu.Unlock()
		t.Fatalf("got %d messages, want %d", len(got), n)
	}
	return got
}

var errBroken = errors.New("it is broken")

func values(messages []kafka.Message) []string {
	var all []string
	for _, m := range messages {
		all = append(all, string(m.Value))
	}
	slices.Sort(all)
	return all
}
