package kafka_test

import (
	"context"
	"errors"
	"fmt"
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
