package poller_test

import (
	"context"
	"encoding/base64"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"

	"triptych/faas/function"
	"triptych/faas/mapping"
	"triptych/faas/poller"
)

func text(t testing.TB, base64ed string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(base64ed)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// What is in the topic comes in order, in batches, and is committed.
func TestRecordsComeInOrder(t *testing.T) {
	w := newWorld(t, 1)
	w.write(0, numbers(0, 25)...)
	m := w.mapping(func(m *mapping.Mapping) { m.BatchSize = 10 })
	p, _ := w.poll(m)
	w.until("all to be committed", func() bool { return w.committed(m, 0) == 25 })
	want := []string{"0 1 2 3 4 5 6 7 8 9", "10 11 12 13 14 15 16 17 18 19", "20 21 22 23 24"}
	if diff := cmp.Diff(want, w.seen()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	w.until("it to say so", func() bool { return p.Result() == mapping.OK })
	w.until("the lag to be nothing", func() bool {
		return cmp.Equal(p.Partitions(), []mapping.Partition{{ID: 0, Next: 25, End: 25}})
	})
}

// The event is what Lambda's own library reads.
func TestEvent(t *testing.T) {
	w := newWorld(t, 1)
	at := time.UnixMilli(1_790_000_000_123).UTC()
	w.produce(0, kafka.Record{Time: at, Key: kafka.NewBytes([]byte("k\xff")), Value: kafka.NewBytes([]byte("v")), Headers: []kafka.Header{
		{Key: "kind", Value: []byte{118, 220, 0, 127, 128}}, {Key: "empty", Value: nil}}},
		kafka.Record{Time: at})
	w.poll(w.mapping())
	w.until("the event", func() bool { return len(w.did()) == 1 })
	got := w.did()[0]
	want := events.KafkaEvent{
		EventSource: "SelfManagedKafka", BootstrapServers: w.brokers,
		Records: map[string][]events.KafkaRecord{w.topic + "-0": {
			{Topic: w.topic, Offset: 0, Timestamp: events.MilliSecondsEpochTime{Time: at}, TimestampType: "CREATE_TIME", Key: "a/8=", Value: "dg==",
				Headers: []map[string]events.JSONNumberBytes{{"kind": {118, 220, 0, 127, 128}}, {"empty": {}}}},
			{Topic: w.topic, Offset: 1, Timestamp: events.MilliSecondsEpochTime{Time: at}, TimestampType: "CREATE_TIME", Headers: []map[string]events.JSONNumberBytes{}},
		}},
	}
	if diff := cmp.Diff(want, got.event); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	raw := `{"eventSource":"SelfManagedKafka","bootstrapServers":"` + w.brokers + `","records":{"` + w.topic + `-0":[` +
		`{"topic":"` + w.topic + `","partition":0,"offset":0,"timestamp":1790000000123,"timestampType":"CREATE_TIME","key":"a/8=","value":"dg==","headers":[{"kind":[118,-36,0,127,-128]},{"empty":[]}]},` +
		`{"topic":"` + w.topic + `","partition":0,"offset":1,"timestamp":1790000000123,"timestampType":"CREATE_TIME","key":null,"value":null,"headers":[]}]}}`
	if diff := cmp.Diff(raw, string(got.Payload)); diff != "" {
		t.Errorf("payload (-want +got):\n%s", diff)
	}
	if got.Attempt != 1 || got.RequestID == "" || got.Ref.Name != "ship" {
		t.Errorf("got %+v", got.Batch)
	}
}

// What the function fails with is tried again, whole, until it succeeds; nothing
// behind it is begun meanwhile.
func TestFailuresAreTriedAgain(t *testing.T) {
	w := newWorld(t, 1)
	w.handler = func(_ context.Context, n int, _ events.KafkaEvent) (poller.Answer, error) {
		switch n {
		case 0, 1:
			return poller.Answer{Failed: true, Payload: []byte(`{"errorMessage":"no","errorType":"E"}`)}, nil
		case 2:
			return poller.Answer{}, function.Throttled(function.ReservedLimit)
		case 3:
			return poller.Answer{}, function.NotFound("Function not found: ship")
		}
		return poller.Answer{}, nil
	}
	w.write(0, "a", "b")
	m := w.mapping(func(m *mapping.Mapping) { m.BatchSize = 2 })
	w.poll(m)
	w.write(0, "c", "d")
	w.until("all to be committed", func() bool { return w.committed(m, 0) == 4 })
	if diff := cmp.Diff([]string{"a b", "a b", "a b", "a b", "a b", "c d"}, w.seen()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	for i, c := range w.did()[:5] {
		if c.Attempt != min(i+1, 5) {
			t.Errorf("call %d was attempt %d", i, c.Attempt)
		}
	}
}
