package kafka_test

import (
	"fmt"
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
