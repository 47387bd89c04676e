package kafka_test

import (
	"fmt"
	"testing"
	"time"

	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
)

// BenchmarkConsume says how many messages a second one consumer is handed, when
// handling takes no time.
func BenchmarkConsume(b *testing.B) {
	const messages = 20_000
	topic := kafka.Topic{Name: kafkatest.Name(b, "orders"), Partitions: 6}
	c := open(b, kafkatest.Brokers(b), topic)
	var all []kafka.Message
	for i := range messages {
		all = append(all, message(topic.Name, fmt.Sprint(i), "three words long"))
	}
	publish(b, c, all...)
	var took time.Duration
	for b.Loop() {
		var seen journal
		stop := start(b, c, kafka.Consumer{Group: kafkatest.Name(b, "reports"), Topics: []kafka.Topic{topic}, Handle: seen.note(nil)})
		seen.await(b, 1)
		began := time.Now()
		seen.await(b, messages)
		took += time.Since(began)
		stop()
	}
	b.ReportMetric(float64(messages*b.N)/took.Seconds(), "messages/s")
}
