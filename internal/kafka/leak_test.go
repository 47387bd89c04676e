package kafka_test

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
)

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
	goleak.VerifyNone(t, before)
}
