package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/waittest"
)

var (
	errBroken = errors.New("it is broken")
	errAway   = errors.New("the database is away")
)

// quickly is a Delay that tests can wait for.
func quickly(int) time.Duration { return 20 * time.Millisecond }

// A message that fails is tried again without holding up those behind it, and
// looks as it did at first.
func TestAFailureIsTriedAgainLater(t *testing.T) {
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 1}
	c := open(t, kafkatest.Brokers(t), topic)
	sent := []kafka.Message{message(topic.Name, "o1", "bad"), message(topic.Name, "o2", "good")}
	sent[0].Trace = map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}
	publish(t, c, sent...)
	var seen journal
	start(t, c, kafka.Consumer{
		Group: kafkatest.Name(t, "reports"), Topics: []kafka.Topic{topic}, Delay: quickly,
		Handle: seen.note(func(_ context.Context, m kafka.Message) error {
			if string(m.Value) == "bad" && m.Attempt < 3 {
				return errBroken
			}
			return nil
		}),
	})
	seen.await(t, 2)
	got := seen.all()
	if diff := cmp.Diff([]string{"good", "bad"}, values(got)); diff != "" {
		t.Fatalf("handled (-want +got):\n%s", diff)
	}
	want := sent[0]
	want.Attempt = 3
	if diff := cmp.Diff(want, got[1], cmpopts.EquateApproxTime(time.Microsecond)); diff != "" {
		t.Errorf("the third time (-want +got):\n%s", diff)
	}
}

// A message that never goes well ends among the dead letters, with all that it
// was, and so does one that its handler panics over.
func TestAFailureEndsAmongTheDeadLetters(t *testing.T) {
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 1}
	c := open(t, kafkatest.Brokers(t), topic)
	sent := []kafka.Message{message(topic.Name, "o1", "bad"), message(topic.Name, "", ""), message(topic.Name, "o2", "good")}
	sent[0].Trace = map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", "tracestate": "a=1"}
	publish(t, c, sent...)
	group := kafkatest.Name(t, "reports")
	var seen journal
	start(t, c, kafka.Consumer{
		Group: group, Topics: []kafka.Topic{topic}, Delay: quickly,
		Handle: seen.note(func(_ context.Context, m kafka.Message) error {
			switch string(m.Value) {
			case "bad":
				return errBroken
			case "":
				panic("no value")
			}
			return nil
		}),
	})
	got := awaitLetters(t, c, group, 2)
	seen.await(t, 1)
	if diff := cmp.Diff([]string{"good"}, values(seen.all())); diff != "" {
		t.Errorf("handled (-want +got):\n%s", diff)
	}
	for i := range 2 {
		m := sent[i]
		m.Attempt, m.Offset = 3, int64(i)
		if m.Trace == nil {
			m.Trace = map[string]string{}
		}
		want := kafka.Letter{ID: fmt.Sprintf("%s/%s/0/%d", group, topic.Name, i), Group: group, Message: m}
		if diff := cmp.Diff(want, got[i], cmpopts.IgnoreFields(kafka.Letter{}, "Reason", "Time"),
			cmpopts.EquateApproxTime(time.Microsecond), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("letter (-want +got):\n%s", diff)
		}
		reason := []string{"it is broken", "panic: no value"}[i]
		if !strings.HasPrefix(got[i].Reason, reason) || time.Since(got[i].Time) > time.Minute {
			t.Errorf("letter %d of %s has the reason %q, want %q", i, got[i].Time, got[i].Reason, reason)
		}
	}
}

// A message as large as a broker takes grows by the reason for which it is set
// aside. Were it too large then, nothing behind it would ever be handled.
func TestTheLargestMessageIsSetAside(t *testing.T) {
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 1}
	c := open(t, kafkatest.Brokers(t), topic)
	large := strings.Repeat("x", 1<<20-300)
	publish(t, c, message(topic.Name, "o1", large), message(topic.Name, "o2", "second"))
	group := kafkatest.Name(t, "reports")
	var seen journal
	start(t, c, kafka.Consumer{
		Group: group, Topics: []kafka.Topic{topic}, Attempts: 2, Delay: quickly,
		Handle: seen.note(func(_ context.Context, m kafka.Message) error {
			if len(m.Value) == len(large) {
				return errors.New(strings.Repeat("why ", 2000))
			}
			return nil
		}),
	})
	seen.await(t, 1)
	letters := awaitLetters(t, c, group, 1)
	if got := letters[0].Message.Value; string(got) != large {
		t.Errorf("the letter has %d bytes, want %d", len(got), len(large))
	}
	if err := c.Replay(t.Context(), letters[0].ID); err != nil {
		t.Error(err)
	}
}

// A message in a topic that others publish to was not set aside, whatever it says
// of itself; nor does one that was wait for longer than it was put off.
func TestWhatAMessageSaysOfItself(t *testing.T) {
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 1}
	c := open(t, kafkatest.Brokers(t), topic)
	group := kafkatest.Name(t, "reports")
	says := map[string]string{"not-before": "2999-01-01T00:00:00Z", "attempt": "2", "origin-topic": "elsewhere", "origin-partition": "7", "origin-offset": "9"}
	var seen journal
	start(t, c, kafka.Consumer{
		Group: group, Topics: []kafka.Topic{topic}, Attempts: 2, Delay: quickly,
		Handle: seen.note(func(context.Context, kafka.Message) error { return nil }),
	})
	waittest.Until(t, "the retry topic", func() bool { return c.PublishRaw(t.Context(), group+".retry", "late", says) == nil })
	if err := c.PublishRaw(t.Context(), topic.Name, "new", says); err != nil {
		t.Fatal(err)
	}
	seen.await(t, 2)
	for _, m := range seen.all() {
		if string(m.Value) == "new" && (m.Attempt != 1 || m.Topic != topic.Name || m.Partition != 0 || m.Offset != 0) {
			t.Errorf("handled as %+v", m)
		}
	}
}

// What cannot be reached is no fault of the message: it waits in its place, and
// those behind it too.
func TestWhatIsAwayIsWaitedFor(t *testing.T) {
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 1}
	c := open(t, kafkatest.Brokers(t), topic)
	publish(t, c, message(topic.Name, "o1", "first"), message(topic.Name, "o2", "second"))
	group := kafkatest.Name(t, "reports")
	var seen journal
	var calls atomic.Int32
	start(t, c, kafka.Consumer{
		Group: group, Topics: []kafka.Topic{topic}, Attempts: 2,
		Transient: func(err error) bool { return errors.Is(err, errAway) },
		Handle: seen.note(func(_ context.Context, m kafka.Message) error {
			if calls.Add(1) <= 4 {
				return errAway
			}
			return nil
		}),
	})
	seen.await(t, 2)
	if diff := cmp.Diff([]string{"first", "second"}, values(seen.all())); diff != "" {
		t.Errorf("handled (-want +got):\n%s", diff)
	}
	if n := calls.Load(); n != 6 || seen.all()[0].Attempt != 1 {
		t.Errorf("the handler was called %d times, want 6", n)
	}
	if letters := awaitLetters(t, c, group, 0); len(letters) > 0 {
		t.Errorf("there are %d dead letters", len(letters))
	}
}

// At the end the message at hand is handled and committed, and the group goes on
// with the next.
func TestTheEndWaitsForTheMessageAtHand(t *testing.T) {
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 1}
	c := open(t, kafkatest.Brokers(t), topic)
	consumer := kafka.Consumer{Group: kafkatest.Name(t, "reports"), Topics: []kafka.Topic{topic}}
	publish(t, c, message(topic.Name, "o1", "first"), message(topic.Name, "o1", "second"))
	var seen journal
	begun, finish := make(chan struct{}), make(chan struct{})
	consumer.Handle = seen.note(func(ctx context.Context, m kafka.Message) error {
		close(begun)
		<-finish
		return ctx.Err()
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- c.Consume(ctx, consumer) }()
	<-begun
	cancel()
	select {
	case <-done:
		t.Fatal("Consume did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	close(finish)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"first"}, values(seen.all())); diff != "" {
		t.Errorf("handled (-want +got):\n%s", diff)
	}
	got := collect(t, c, consumer, 1)
	if diff := cmp.Diff([]string{"second"}, values(got)); diff != "" {
		t.Errorf("the next of the group handled (-want +got):\n%s", diff)
	}
}

// At the end a message that waits for what is away is left to the next.
func TestTheEndLeavesWhatIsWaitedFor(t *testing.T) {
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 1}
	c := open(t, kafkatest.Brokers(t), topic)
	consumer := kafka.Consumer{Group: kafkatest.Name(t, "reports"), Topics: []kafka.Topic{topic},
		Transient: func(err error) bool { return errors.Is(err, errAway) }}
	publish(t, c, message(topic.Name, "o1", "first"))
	var calls atomic.Int32
	consumer.Handle = func(context.Context, kafka.Message) error {
		calls.Add(1)
		return errAway
	}
	stop := start(t, c, consumer)
	waittest.Until(t, "the second call", func() bool { return calls.Load() > 1 })
	stop()
	if got := collect(t, c, consumer, 1); got[0].Attempt != 1 {
		t.Errorf("the next of the group got attempt %d", got[0].Attempt)
	}
}

// awaitLetters returns a group's dead letters once there are n.
func awaitLetters(t testing.TB, c *kafka.Client, group string, n int) []kafka.Letter {
	t.Helper()
	var mine []kafka.Letter
	waittest.Until(t, fmt.Sprintf("%d dead letters", n), func() bool {
		all, err := c.Letters(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		mine = slices.DeleteFunc(all, func(l kafka.Letter) bool { return l.Group != group })
		return len(mine) >= n
	})
	return mine
}
