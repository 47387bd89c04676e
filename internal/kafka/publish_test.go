package kafka_test

import (
	"fmt"
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
	// kafka-go by itself waits a second for more, every time.
	least := time.Minute
	for range 5 {
		began := time.Now()
		publish(t, c, message("orders", "o1", "x"))
		least = min(least, time.Since(began))
	}
	if least > 900*time.Millisecond {
		t.Errorf("one message took %s at least", least)
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
