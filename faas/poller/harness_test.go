package poller_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/segmentio/kafka-go"
	"go.uber.org/goleak"

	"triptych/faas/function"
	"triptych/faas/mapping"
	"triptych/faas/poller"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/waittest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// A world is a broker with a topic, and functions that are called with what is in
// it.
type world struct {
	t       *testing.T
	brokers string
	client  *kafka.Client
	topic   string

	mu      sync.Mutex
	calls   []call
	kept    []string // what was sent to queues
	handler func(ctx context.Context, n int, e events.KafkaEvent) (poller.Answer, error)
}

// A call is one of a function.
type call struct {
	poller.Batch
	event   events.KafkaEvent
	values  []string // of the records
	ended   bool
	success bool
}

func newWorld(t *testing.T, partitions int) *world {
	t.Helper()
	return newWorldAt(t, kafkatest.Brokers(t), partitions)
}

// newWorldAt is one whose broker may be missing, if there are no partitions.
func newWorldAt(t *testing.T, brokers string, partitions int) *world {
	t.Helper()
	w := &world{t: t, brokers: brokers, topic: kafkatest.Name(t, "orders")}
	transport := &kafka.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	w.client = &kafka.Client{Addr: kafka.TCP(w.brokers), Transport: transport}
	if partitions > 0 {
		w.create(w.topic, partitions)
	}
	return w
}

func (w *world) create(topic string, partitions int, entries ...kafka.ConfigEntry) {
	w.t.Helper()
	made, err := w.client.CreateTopics(w.t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{
		Topic: topic, NumPartitions: partitions, ReplicationFactor: 1, ConfigEntries: entries}}})
	if err == nil {
		err = made.Errors[topic]
	}
	if err != nil {
		w.t.Fatal(err)
	}
	for p := range partitions { // each has a leader after a moment
		w.until("a leader", func() bool {
			out, err := w.client.ListOffsets(w.t.Context(), &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: {kafka.FirstOffsetOf(p)}}})
			return err == nil && len(out.Topics[topic]) == 1 && out.Topics[topic][0].Error == nil
		})
	}
}

// write puts records into a partition.
func (w *world) write(partition int, values ...string) {
	w.t.Helper()
	records := make([]kafka.Record, len(values))
	for i, v := range values {
		records[i] = kafka.Record{Time: time.Now(), Value: kafka.NewBytes([]byte(v))}
	}
	w.produce(partition, records...)
}

func (w *world) produce(partition int, records ...kafka.Record) {
	w.t.Helper()
	out, err := w.client.Produce(w.t.Context(), &kafka.ProduceRequest{
		Topic: w.topic, Partition: partition, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(records...)})
	if err == nil {
		err = out.Error
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// mapping is one of the topic as the defaults are, with shorter waits.
func (w *world) mapping(changes ...func(*mapping.Mapping)) mapping.Mapping {
	m := mapping.Mapping{
		ID: "m", Ref: function.Ref{Name: "ship"}, Brokers: []string{w.brokers}, Topic: w.topic, Group: w.topic + "-group", Start: mapping.TrimHorizon,
		Enabled: true, BatchSize: mapping.DefaultBatch, Window: 10 * time.Millisecond, Retries: mapping.Forever,
	}
	for _, change := range changes {
		change(&m)
	}
	return m
}

// poll serves a mapping until t ends, or stop is called.
func (w *world) poll(m mapping.Mapping) (p *mapping.Progress, stop func()) {
	w.t.Helper()
	return w.pollFor(m, 10*time.Second)
}

// pollFor gives batches under way a time of its own at the end.
func (w *world) pollFor(m mapping.Mapping, drain time.Duration) (p *mapping.Progress, stop func()) {
	w.t.Helper()
	p = mapping.NewProgress(nil)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	o := poller.Options{Invoker: w, Sender: w, Waits: poller.Waits{First: time.Millisecond, Limit: 20 * time.Millisecond}, Drain: drain}
	go func() {
		defer close(done)
		o.Run(ctx, m, p)
	}()
	stop = func() {
		cancel()
		<-done
	}
	w.t.Cleanup(stop)
	return p, stop
}

// InvokeBatch calls the function.
func (w *world) InvokeBatch(ctx context.Context, b poller.Batch) (poller.Answer, error) {
	c := call{Batch: b}
	if err := json.Unmarshal(b.Payload, &c.event); err != nil {
		w.t.Error(err)
	}
	for _, records := range c.event.Records {
		for _, r := range records {
			c.values = append(c.values, text(w.t, r.Value))
		}
	}
	w.mu.Lock()
	n := len(w.calls)
	w.calls = append(w.calls, c)
	handler := w.handler
	w.mu.Unlock()
	answer, err := poller.Answer{Version: "$LATEST"}, error(nil)
	if handler != nil {
		answer, err = handler(ctx, n, c.event)
	}
	w.mu.Lock()
	w.calls[n].ended, w.calls[n].success = true, err == nil && !answer.Failed
	w.mu.Unlock()
	return answer, err
}

// Send keeps a message.
func (w *world) Send(queue string, body []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.kept = append(w.kept, queue+" "+string(body))
	return nil
}

func (w *world) did() []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]call(nil), w.calls...)
}

// seen are the values that the function was called with, call by call.
func (w *world) seen() []string {
	var all []string
	for _, c := range w.did() {
		all = append(all, strings.Join(c.values, " "))
	}
	return all
}

// committed is what the group has said to be done.
func (w *world) committed(m mapping.Mapping, partition int) int64 {
	w.t.Helper()
	out, err := w.client.OffsetFetch(w.t.Context(), &kafka.OffsetFetchRequest{GroupID: m.Group, Topics: map[string][]int{m.Topic: {partition}}})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range out.Topics[m.Topic] {
		return p.CommittedOffset
	}
	return -1
}

func (w *world) until(what string, so func() bool) {
	w.t.Helper()
	waittest.Until(w.t, what, so)
}

func numbers(from, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(from + i)
	}
	return all
}
