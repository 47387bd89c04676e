package poller_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"triptych/faas/mapping"
	"triptych/faas/poller"
	"triptych/internal/porttest"
)

// Two mappings of one group share the partitions. One that joins in the middle of
// a batch waits for it; nothing is lost, and nothing is done twice.
func TestMembersShare(t *testing.T) {
	w := newWorld(t, 4)
	began := time.Now()
	m := w.mapping(func(m *mapping.Mapping) { m.BatchSize = 1 })
	entered, release := make(chan string), make(chan struct{})
	w.handler = func(context.Context, int, events.KafkaEvent) (poller.Answer, error) {
		select {
		case entered <- "":
			<-release
		case <-release:
		}
		return poller.Answer{}, nil
	}
	first, _ := w.poll(m)
	for p := range 4 {
		w.write(p, numbers(100*p, 10)...)
	}
	for range 4 {
		<-entered // each partition has a batch under way
	}
	second, stop := w.poll(m)
	// The one that had them all has to give some up. It may end what it is at.
	w.until("the group to share out anew", func() bool { return w.groupState(m) == "PreparingRebalance" })
	close(release)
	w.until("both to have a share", func() bool { return len(first.Partitions()) == 2 && len(second.Partitions()) == 2 })
	for p := range 4 {
		w.until("all to be committed", func() bool { return w.committed(m, p) == 10 })
	}
	n := map[string]int{}
	for _, v := range w.seen() {
		n[v]++
	}
	for p := range 4 {
		for _, v := range numbers(100*p, 10) {
			// A machine that stands still for a session's time has members missed, and
			// records delivered again.
			if n[v] == 0 || n[v] > 1 && time.Since(began) < 5*time.Second {
				t.Errorf("record %s was processed %d times", v, n[v])
			}
		}
	}
	stop()
	w.until("the one that stays to have all", func() bool { return len(first.Partitions()) == 4 })
}

func (w *world) groupState(m mapping.Mapping) string {
	w.t.Helper()
	out, err := w.client.DescribeGroups(w.t.Context(), &kafka.DescribeGroupsRequest{GroupIDs: []string{m.Group}})
	if err != nil {
		w.t.Fatal(err)
	}
	return out.Groups[0].GroupState
}

// What a member does not finish before its time is up is not committed by it: who
// has the partition next does it again.
func TestAnUnfinishedBatchIsNotCommitted(t *testing.T) {
	w := newWorld(t, 1)
	m := w.mapping()
	w.write(0, "a", "b")
	release := make(chan struct{})
	entered := make(chan struct{}, 10)
	w.handler = func(_ context.Context, n int, _ events.KafkaEvent) (poller.Answer, error) {
		entered <- struct{}{}
		if n == 0 {
			<-release
		}
		return poller.Answer{}, nil
	}
	_, stop := w.pollFor(m, 0)
	<-entered
	stop() // there is no time left for it
	if at := w.committed(m, 0); at > 0 {
		t.Errorf("%d records are committed that are not done", at)
	}
	w.poll(m)
	<-entered
	w.until("all to be committed", func() bool { return w.committed(m, 0) == 2 })
	close(release)
	if diff := cmp.Diff([]string{"a b", "a b"}, w.seen()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	w.until("the first call to end", func() bool { return w.did()[0].ended })
}

// A poller that is to end finishes its batch, commits it and leaves the group.
func TestEnd(t *testing.T) {
	w := newWorld(t, 2)
	m := w.mapping(func(m *mapping.Mapping) { m.BatchSize = 2 })
	entered, release := make(chan struct{}), make(chan struct{})
	w.handler = func(context.Context, int, events.KafkaEvent) (poller.Answer, error) {
		entered <- struct{}{}
		<-release
		return poller.Answer{}, nil
	}
	w.write(0, "a", "b", "c")
	_, stop := w.poll(m)
	<-entered
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		stop()
	}()
	select {
	case <-ended:
		t.Error("it ended with a batch under way")
	case <-time.After(50 * time.Millisecond): // to no good end, if it does not wait
	}
	close(release)
	<-ended
	if at := w.committed(m, 0); at != 2 {
		t.Errorf("%d records are committed, want 2", at)
	}
	if diff := cmp.Diff([]string{"a b"}, w.seen()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if state := w.groupState(m); state != "Empty" {
		t.Errorf("the group is %s, want it left", state)
	}
}

// Where a group begins that has read nothing yet, and that it goes on from there.
func TestStart(t *testing.T) {
	cut := time.UnixMilli(1_790_000_000_000)
	for _, c := range []struct {
		start string
		at    time.Time
		want  int64
	}{
		{mapping.TrimHorizon, time.Time{}, 0},
		{mapping.Latest, time.Time{}, 4},
		{mapping.AtTimestamp, cut, 2},
		{mapping.AtTimestamp, cut.Add(time.Hour), 4},
		{mapping.AtTimestamp, cut.Add(-time.Hour), 0},
	} {
		t.Run(fmt.Sprint(c.start, c.want), func(t *testing.T) {
			w := newWorld(t, 1)
			for i := range 4 {
				w.produce(0, kafka.Record{Time: cut.Add(time.Duration(i-2) * time.Minute), Value: kafka.NewBytes(fmt.Append(nil, i))})
			}
			m := w.mapping(func(m *mapping.Mapping) { m.Start, m.StartAt, m.BatchSize = c.start, c.at, 1 })
			p, stop := w.poll(m)
			w.until("the partition to be its own", func() bool {
				all := p.Partitions()
				return len(all) == 1 && all[0].Next == 4 || c.want == 4 && len(all) == 1
			})
			stop()
			w.write(0, "new") // while nobody reads
			w.poll(m)
			w.until("all to be committed", func() bool { return w.committed(m, 0) == 5 })
			want := append(numbers(int(c.want), int(4-c.want)), "new")
			if diff := cmp.Diff(want, w.seen()); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

// A broker that is away, at first or later, and a topic that is missing are named,
// and waited for.
func TestTroubleAtTheSource(t *testing.T) {
	addr := porttest.Addr(t)
	_, after, _ := strings.Cut(addr, ":")
	port, err := strconv.Atoi(after)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	begin := func() *kfake.Cluster {
		t.Helper()
		c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.Ports(port), kfake.DataDir(dir))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	w := newWorldAt(t, addr, 0)
	m := w.mapping()
	p, _ := w.poll(m)
	says := func(what string) {
		t.Helper()
		w.until("it to say "+what, func() bool { return strings.Contains(p.Result(), what) })
	}
	says("PROBLEM: the Kafka brokers at " + w.brokers + " cannot be reached: dial tcp ")
	broker := begin()
	says("PROBLEM: there is no topic " + w.topic + " at " + w.brokers)
	w.until("the topic", func() bool {
		made, err := w.client.CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: w.topic, NumPartitions: 1, ReplicationFactor: 1}}})
		w.client.Transport.(*kafka.Transport).CloseIdleConnections()
		return err == nil && made.Errors[w.topic] == nil
	})
	says("No records processed")
	w.write(0, "a")
	says("OK")
	broker.Close()
	says("PROBLEM: ")
	broker = begin()
	t.Cleanup(broker.Close)
	says("OK")
	w.until("another record to be taken", func() bool {
		w.client.Transport.(*kafka.Transport).CloseIdleConnections()
		out, err := w.client.Produce(t.Context(), &kafka.ProduceRequest{Topic: w.topic, RequiredAcks: kafka.RequireAll,
			Records: kafka.NewRecordReader(kafka.Record{Value: kafka.NewBytes([]byte("b"))})})
		return err == nil && out.Error == nil
	})
	// With a, if that was done and not yet committed when the broker went.
	w.until("it to be processed", func() bool {
		return slices.ContainsFunc(w.seen(), func(batch string) bool { return batch == "b" || batch == "a b" })
	})
}
