package kafka_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/waittest"
)

// A letter that is replayed goes to its own group alone, as if it had never been
// tried, and is a letter no more.
func TestReplay(t *testing.T) {
	topic := kafka.Topic{Name: kafkatest.Name(t, "orders"), Partitions: 1}
	c := open(t, kafkatest.Brokers(t), topic)
	publish(t, c, message(topic.Name, "o1", "bad"), message(topic.Name, "o2", "worse"))
	var mended atomic.Bool
	var mine, others journal
	group := kafkatest.Name(t, "reports")
	start(t, c, kafka.Consumer{
		Group: group, Topics: []kafka.Topic{topic}, Attempts: 2, Delay: quickly,
		Handle: mine.note(func(_ context.Context, m kafka.Message) error {
			if !mended.Load() || string(m.Value) == "worse" {
				return errBroken
			}
			return nil
		}),
	})
	start(t, c, kafka.Consumer{Group: kafkatest.Name(t, "payroll"), Topics: []kafka.Topic{topic}, Handle: others.note(nil)})
	letters := awaitLetters(t, c, group, 2)
	mended.Store(true)
	for _, l := range letters {
		if err := c.Replay(t.Context(), l.ID); err != nil {
			t.Fatal(err)
		}
	}
	mine.await(t, 1)
	got := mine.all()[0]
	if got.Attempt != 1 || got.Topic != topic.Name || got.Key != "o1" || got.ID != letters[0].Message.ID {
		t.Errorf("replayed as %+v", got)
	}
	// What fails again is a letter again.
	waittest.Until(t, "the letter that was not mended", func() bool {
		l, err := c.Letter(t.Context(), letters[1].ID)
		return err == nil && l.Time.After(letters[1].Time)
	})
	if _, err := c.Letter(t.Context(), letters[0].ID); !errors.Is(err, kafka.ErrNoLetter) {
		t.Errorf("the letter that was replayed: %v", err)
	}
	others.await(t, 2)
	if diff := cmp.Diff([]string{"bad", "worse"}, values(others.all())); diff != "" {
		t.Errorf("the other group handled (-want +got):\n%s", diff)
	}
}

func TestThereIsNoSuchLetter(t *testing.T) {
	c := open(t, kafkatest.Brokers(t))
	for _, id := range []string{"", "nonsense", "reports/orders/0/1", "a/b/c/d/e"} {
		if err := c.Replay(t.Context(), id); !errors.Is(err, kafka.ErrNoLetter) {
			t.Errorf("%q: %v", id, err)
		}
	}
}
