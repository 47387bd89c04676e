package kafka_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
)

func TestLagCountsWhatIsNotHandled(t *testing.T) {
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 3}
	c := open(t, kafkatest.Brokers(t), topic)
	group := kafkatest.Name(t, "reports")
	for i := range 20 {
		publish(t, c, message(topic.Name, fmt.Sprint(i), "x"))
	}
	lag := func() int64 {
		n, err := c.Lag(t.Context(), group, topic.Name)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := lag(); n != 20 {
		t.Errorf("before, the lag is %d, want 20", n)
	}
	collect(t, c, kafka.Consumer{Group: group, Topics: []kafka.Topic{topic}}, 20)
	if n := lag(); n != 0 {
		t.Errorf("afterwards, the lag is %d, want 0", n)
	}
}

func TestScanReadsATopicToItsEnd(t *testing.T) {
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 3}
	c := open(t, kafkatest.Brokers(t), topic)
	var want []string
	var sent []kafka.Message
	for i := range 500 {
		sent = append(sent, message(topic.Name, fmt.Sprint(i), strings.Repeat("x", 10_000)+fmt.Sprint(i)))
		want = append(want, string(sent[i].Value))
	}
	publish(t, c, sent...)
	var got []kafka.Message
	err := c.Scan(t.Context(), topic.Name, func(m kafka.Message) error {
		got = append(got, m)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	found := values(got)
	slices.Sort(want)
	slices.Sort(found)
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}
