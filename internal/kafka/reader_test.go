package kafka_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/waittest"
)

// A reader that hears of nothing although there is something is replaced: here
// it hears so until it joins the group again.
func TestAReaderThatIsStuckIsReplaced(t *testing.T) {
	broker := kafkatest.New(t)
	topic := kafka.Topic{Name: "orders", Partitions: 1}
	c := open(t, broker.ListenAddrs()[0], topic)
	c.SetWatch(2 * time.Second) // in which the next reader gets to what there is
	var seen journal
	start(t, c, kafka.Consumer{Group: "reports", Topics: []kafka.Topic{topic}, Handle: seen.note(nil)})
	publish(t, c, message("orders", "o1", "before"))
	seen.await(t, 1)

	var stuck atomic.Bool
	stuck.Store(true)
	broker.ControlKey(int16(kmsg.Fetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		broker.KeepControl()
		request := r.(*kmsg.FetchRequest)
		if !stuck.Load() || request.Topics[0].Topic != "orders" {
			return nil, nil, false
		}
		broker.SleepControl(func() { time.Sleep(50 * time.Millisecond) })
		return nothing(request), nil, true
	})
	joined := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.JoinGroup}, Group: "reports", Observe: true, Count: -1, When: func(kmsg.Request) bool {
		stuck.Store(false)
		return true
	}})
	publish(t, c, message("orders", "o1", "after"))
	seen.await(t, 2)
	if n := joined.Hits(); n != 1 {
		t.Errorf("the group was joined %d times, want once", n)
	}
}

// nothing answers a fetch as if there were nothing to fetch.
func nothing(r *kmsg.FetchRequest) kmsg.Response {
	answer := r.ResponseKind().(*kmsg.FetchResponse)
	for _, t := range r.Topics {
		topic := kmsg.NewFetchResponseTopic()
		topic.Topic = t.Topic
		for _, p := range t.Partitions {
			partition := kmsg.NewFetchResponseTopicPartition()
			partition.Partition, partition.HighWatermark, partition.LastStableOffset = p.Partition, p.FetchOffset, p.FetchOffset
			partition.RecordBatches = []byte{}
			topic.Partitions = append(topic.Partitions, partition)
		}
		answer.Topics = append(answer.Topics, topic)
	}
	return answer
}

// One that has nothing to read, or whose share is another's, is let be.
func TestAnIdleReaderIsLetBe(t *testing.T) {
	broker := kafkatest.New(t)
	topic := kafka.Topic{Name: "orders", Partitions: 1}
	c := open(t, broker.ListenAddrs()[0], topic)
	c.SetWatch(time.Second)
	begun, release := make(chan struct{}, 1), make(chan struct{})
	var busy, seen journal
	consumer := kafka.Consumer{Group: "reports", Topics: []kafka.Topic{topic}, Handle: busy.note(func(ctx context.Context, m kafka.Message) error {
		select {
		case begun <- struct{}{}:
		default: // once is enough: what was not committed comes again when the work is shared out
		}
		return waitFor(release)(ctx, m)
	})}
	start(t, c, consumer)
	publish(t, c, message("orders", "o1", "first"), message("orders", "o1", "second"))
	<-begun
	joined := broker.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.JoinGroup}, Group: "reports", Observe: true, Count: -1})
	consumer.Handle = seen.note(waitFor(release))
	start(t, c, consumer)
	waittest.Until(t, "both to have joined", func() bool { return joined.Hits() >= 2 })
	before := joined.Hits()
	<-time.After(3 * time.Second) // it would be replaced after two
	if n := joined.Hits(); n != before {
		t.Errorf("the group was joined again %d times", n-before)
	}
	close(release)
	waittest.Until(t, "both messages", func() bool { return len(busy.all())+len(seen.all()) >= 2 })
}
