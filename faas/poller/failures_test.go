package poller_test

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"

	"triptych/faas/function"
	"triptych/faas/mapping"
	"triptych/faas/poller"
)

var failed = poller.Answer{Version: "$LATEST", Failed: true, Payload: []byte(`{"errorMessage":"no","errorType":"E"}`)}

// poisoned fails with every batch that has the value "bad" in it.
func (w *world) poisoned(_ context.Context, _ int, e events.KafkaEvent) (poller.Answer, error) {
	for _, records := range e.Records {
		for _, r := range records {
			if text(w.t, r.Value) == "bad" {
				return failed, nil
			}
		}
	}
	return poller.Answer{Version: "$LATEST"}, nil
}

// letters are what the destination has been told, without what differs from run
// to run.
func (w *world) letters() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, k := range w.kept {
		queue, body, _ := strings.Cut(k, " ")
		all = append(all, queue+" "+w.plain([]byte(body)))
	}
	return all
}

func (w *world) plain(body []byte) string {
	var l map[string]any
	if err := json.Unmarshal(body, &l); err != nil {
		w.t.Fatal(err)
	}
	context := l["requestContext"].(map[string]any)
	if len(context["requestId"].(string)) != 36 {
		w.t.Errorf("the request id is %v", context["requestId"])
	}
	context["requestId"] = "ID"
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", l["timestamp"].(string)); err != nil {
		w.t.Error(err)
	}
	l["timestamp"] = "NOW"
	out, err := json.Marshal(l)
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.ReplaceAll(strings.ReplaceAll(string(out), w.topic, "TOPIC"), w.brokers, "BROKERS")
}

// A poisoned batch goes to the queue as AWS documents it, and what is behind it
// goes on.
func TestGivenUpToAQueue(t *testing.T) {
	w := newWorld(t, 1)
	w.handler = w.poisoned
	at := time.UnixMilli(1_790_000_000_123).UTC()
	record := func(v string) kafka.Record { return kafka.Record{Time: at, Value: kafka.NewBytes([]byte(v))} }
	w.produce(0, record("bad"), record("b"), record("c"))
	m := w.mapping(func(m *mapping.Mapping) {
		m.BatchSize, m.Retries, m.OnFailure = 2, 1, function.QueueARN("dead")
	})
	w.poll(m)
	w.until("all to be committed", func() bool { return w.committed(m, 0) == 3 })
	if diff := cmp.Diff([]string{"bad b", "bad b", "c"}, w.seen()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	size := len(w.did()[0].Payload)
	want := []string{`dead {"KafkaBatchInfo":{"batchSize":2,"bootstrapServers":"BROKERS","payloadSize":` + number(size) + `,"recordsInfo":{"TOPIC-0":` +
		`{"firstRecordOffset":"0","firstRecordTimestamp":"2026-09-21T14:13:20.123Z","lastRecordOffset":"1","lastRecordTimestamp":"2026-09-21T14:13:20.123Z"}}},` +
		`"requestContext":{"approximateInvokeCount":2,"condition":"RetryAttemptsExhausted","functionArn":"arn:aws:lambda:us-east-1:000000000000:function:ship:$LATEST","requestId":"ID"},` +
		`"responseContext":{"executedVersion":"$LATEST","functionError":"Unhandled","statusCode":200},"timestamp":"NOW","version":"1.0"}`}
	if diff := cmp.Diff(want, w.letters()); diff != "" {
		t.Errorf("letters (-want +got):\n%s", diff)
	}
}

func number(n int) string { b, _ := json.Marshal(n); return string(b) }

// Halving finds the record that fails; it alone goes to the topic, with itself.
func TestGivenUpToATopic(t *testing.T) {
	w := newWorld(t, 1)
	w.create(w.topic+"-dead", 3)
	w.handler = w.poisoned
	at := time.UnixMilli(1_790_000_000_123).UTC()
	var records []kafka.Record
	for _, v := range []string{"a", "b", "bad", "d", "e"} {
		records = append(records, kafka.Record{Time: at, Key: kafka.NewBytes([]byte("key of " + v)), Value: kafka.NewBytes([]byte(v))})
	}
	w.produce(0, records...)
	m := w.mapping(func(m *mapping.Mapping) {
		m.BatchSize, m.Retries, m.Bisect, m.OnFailure = 5, 1, true, "kafka://"+w.topic+"-dead"
	})
	w.poll(m)
	w.until("all to be committed", func() bool { return w.committed(m, 0) == 5 })
	if diff := cmp.Diff([]string{"a b bad d e", "a b", "bad d e", "bad", "bad", "d e"}, w.seen()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{w.brokers}, GroupID: w.topic + "-look", Topic: w.topic + "-dead", MaxWait: 1250 * time.Millisecond})
	defer reader.Close()
	got, err := reader.FetchMessage(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Key) != "key of bad" {
		t.Errorf("the key is %q", got.Key)
	}
	payload := `{"eventSource":"SelfManagedKafka","bootstrapServers":"` + w.brokers + `","records":{"` + w.topic + `-0":[{"topic":"` + w.topic +
		`","partition":0,"offset":2,"timestamp":1790000000123,"timestampType":"CREATE_TIME","key":"a2V5IG9mIGJhZA==","value":"YmFk","headers":[]}]}}`
	if !bytes.Contains(got.Value, []byte(`"payload":`+payload)) {
		t.Errorf("the letter is %s", got.Value)
	}
	var l struct {
		RequestContext struct {
			Condition              string
			ApproximateInvokeCount int
		}
		KafkaBatchInfo struct {
			BatchSize, PayloadSize int
			RecordInfo             struct{ Offset, Timestamp string }
		}
	}
	if err := json.Unmarshal(got.Value, &l); err != nil {
		t.Fatal(err)
	}
	if l.RequestContext.Condition != "RetriesExhausted" || l.RequestContext.ApproximateInvokeCount != 4 || l.KafkaBatchInfo.BatchSize != 1 ||
		l.KafkaBatchInfo.PayloadSize != len(payload) || l.KafkaBatchInfo.RecordInfo.Offset != "2" || l.KafkaBatchInfo.RecordInfo.Timestamp != "2026-09-21T14:13:20.123Z" {
		t.Errorf("the letter is %+v", l)
	}
}

// Without a destination what cannot be processed is left out after so many tries.
func TestGivenUpToNobody(t *testing.T) {
	w := newWorld(t, 1)
	w.handler = w.poisoned
	w.write(0, "bad", "b")
	m := w.mapping(func(m *mapping.Mapping) { m.BatchSize, m.Retries = 1, 2 })
	w.poll(m)
	w.until("all to be committed", func() bool { return w.committed(m, 0) == 2 })
	if diff := cmp.Diff([]string{"bad", "bad", "bad", "b"}, w.seen()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// With retries without end and a destination, there are ten.
func TestTenTries(t *testing.T) {
	w := newWorld(t, 1)
	w.handler = w.poisoned
	w.write(0, "bad")
	m := w.mapping(func(m *mapping.Mapping) { m.OnFailure = function.QueueARN("dead") })
	w.poll(m)
	w.until("it to be given up", func() bool { return w.committed(m, 0) == 1 })
	if n := len(w.did()); n != 11 {
		t.Errorf("it was tried %d times, want 11", n)
	}
}

// A partition that waits for its poisoned record holds up no other.
func TestOnePartitionWaits(t *testing.T) {
	w := newWorld(t, 2)
	w.handler = w.poisoned
	w.write(0, "bad", "behind")
	w.write(1, numbers(0, 30)...)
	m := w.mapping(func(m *mapping.Mapping) { m.BatchSize = 1 })
	p, _ := w.poll(m)
	w.until("the other partition to be done", func() bool { return w.committed(m, 1) == 30 })
	w.until("the problem to be named", func() bool {
		return strings.HasPrefix(p.Result(), "PROBLEM: the function ship failed with records 0 to 0 of "+w.topic+"-0: E: no")
	})
	if w.committed(m, 0) > 0 || slices.Contains(w.seen(), "behind") {
		t.Error("the poisoned record was passed over")
	}
	w.until("the lag to be known", func() bool { all := p.Partitions(); return len(all) == 2 && all[0].Lag() == 2 && all[1].Lag() == 0 })
}

// What the function reports is done is not given to it again.
func TestPartialFailure(t *testing.T) {
	w := newWorld(t, 1)
	w.handler = func(_ context.Context, n int, e events.KafkaEvent) (poller.Answer, error) {
		report := func(offsets ...int64) poller.Answer {
			type id struct {
				Partition string `json:"topic-partition"`
				Offset    int64  `json:"offset"`
			}
			type item struct {
				ID id `json:"itemIdentifier"`
			}
			all := []item{}
			for _, o := range offsets {
				all = append(all, item{id{w.topic + "-0", o}})
			}
			body, _ := json.Marshal(map[string]any{"batchItemFailures": all})
			return poller.Answer{Payload: body}
		}
		switch n {
		case 0:
			return report(3, 2), nil
		case 1:
			return report(2), nil
		case 2:
			return poller.Answer{Payload: []byte(`"what?"`)}, nil
		}
		return report(), nil
	}
	w.write(0, "a", "b", "c", "d", "e")
	m := w.mapping(func(m *mapping.Mapping) { m.ReportFailures = true })
	w.poll(m)
	w.until("all to be committed", func() bool { return w.committed(m, 0) == 5 })
	if diff := cmp.Diff([]string{"a b c d e", "c d e", "c d e", "c d e"}, w.seen()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

// Records that are too old are put aside without a call.
func TestTooOld(t *testing.T) {
	w := newWorld(t, 1)
	old := time.Now().Add(-2 * time.Minute)
	w.produce(0, kafka.Record{Time: old, Value: kafka.NewBytes([]byte("a"))}, kafka.Record{Time: old, Value: kafka.NewBytes([]byte("b"))},
		kafka.Record{Time: time.Now(), Value: kafka.NewBytes([]byte("c"))})
	m := w.mapping(func(m *mapping.Mapping) { m.MaxAge, m.OnFailure = time.Minute, function.QueueARN("dead") })
	w.poll(m)
	w.until("all to be committed", func() bool { return w.committed(m, 0) == 3 })
	if diff := cmp.Diff([]string{"c"}, w.seen()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	l := w.letters()
	if len(l) != 1 || !strings.Contains(l[0], `"approximateInvokeCount":0,"condition":"RecordAgeExceeded"`) || !strings.Contains(l[0], `"responseContext":null`) ||
		!strings.Contains(l[0], `"batchSize":2`) {
		t.Errorf("letters: %s", l)
	}
}

// A batch has as many records as a payload holds.
func TestBatchesFit(t *testing.T) {
	w := newWorld(t, 1)
	big := strings.Repeat("x", 800<<10) // a little more than a megabyte in base64
	for range 7 {
		w.write(0, big)
	}
	m := w.mapping(func(m *mapping.Mapping) { m.Window, m.BatchSize = 2*time.Second, 7 })
	w.poll(m)
	w.until("all to be committed", func() bool { return w.committed(m, 0) == 7 })
	var sizes []int
	for _, c := range w.did() {
		sizes = append(sizes, len(c.values))
		if len(c.Payload) > function.MaxSyncPayload {
			t.Errorf("a payload has %d bytes", len(c.Payload))
		}
	}
	if sizes[0] != 5 {
		t.Errorf("the batches have %v records, want 5 first", sizes)
	}
}

// A record that is too large alone is given up without a call.
func TestTooLarge(t *testing.T) {
	w := newWorld(t, 0)
	w.create(w.topic, 1, kafka.ConfigEntry{ConfigName: "max.message.bytes", ConfigValue: number(10 << 20)})
	w.write(0, strings.Repeat("x", 5<<20))
	w.write(0, "behind")
	m := w.mapping(func(m *mapping.Mapping) { m.OnFailure = function.QueueARN("dead") })
	w.poll(m)
	w.until("all to be committed", func() bool { return w.committed(m, 0) == 2 })
	if diff := cmp.Diff([]string{"behind"}, w.seen()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	l := w.letters()
	if len(l) != 1 || !strings.Contains(l[0], `"approximateInvokeCount":0,"condition":"MaximumPayloadSizeExceeded"`) || !strings.Contains(l[0], `"responseContext":null`) {
		t.Errorf("letters: %s", l)
	}
}
