package kafka_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"triptych/internal/kafka"
	"triptych/internal/waittest"
)

func TestUnmarshal(t *testing.T) {
	m := kafka.Message{Type: "google.protobuf.StringValue", Value: []byte("\x0a\x03tea")}
	var s wrapperspb.StringValue
	if err := m.Unmarshal(&s); err != nil || s.Value != "tea" {
		t.Errorf("got %q, %v, want tea", s.Value, err)
	}
	if err := m.Unmarshal(&timestamppb.Timestamp{}); err == nil {
		t.Error("a text is taken for a time")
	}
	m.Value = []byte("\x0a\x09tea")
	if err := m.Unmarshal(&s); err == nil {
		t.Error("a message that breaks off is read")
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

func publish(t testing.TB, c *kafka.Client, messages ...kafka.Message) {
	t.Helper()
	if err := c.Publish(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
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
