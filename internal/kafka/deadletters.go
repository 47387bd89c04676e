package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

// A Letter is a message that a group could not handle. Letters are the fold of
// the group's dead-letters topic, of which each key's last message counts: a
// letter, or none when it was replayed.
type Letter struct {
	ID      string // GROUP/TOPIC/PARTITION/OFFSET
	Group   string
	Message Message // as it was sent; Attempt says how often it was tried
	Reason  string  // what Handle said the last time
	Time    time.Time
}

// ErrNoLetter says that there is no such letter, or no more.
var ErrNoLetter = errors.New("there is no such dead letter")

// Letters returns all letters of all groups, the oldest first.
func (c *Client) Letters(ctx context.Context) ([]Letter, error) {
	there, err := c.kafka.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return nil, fmt.Errorf("list topics: %w", err)
	}
	var all []Letter
	for _, t := range there.Topics {
		if !strings.HasSuffix(t.Name, deadLettersSuffix) {
			continue
		}
		letters, err := c.letters(ctx, t.Name)
		if err != nil {
			return nil, err
		}
		for _, w := range letters {
			all = append(all, letter(w))
		}
	}
	slices.SortFunc(all, func(a, b Letter) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// Letter returns the letter with an id, or ErrNoLetter.
func (c *Client) Letter(ctx context.Context, id string) (Letter, error) {
	w, err := c.find(ctx, id)
	if err != nil {
		return Letter{}, err
	}
	return letter(w), nil
}

// Replay has the letter's group, and no other, try its message again as if it
// had never been tried, and removes the letter. A crash in between leaves the
// letter, so that it may be replayed twice.
func (c *Client) Replay(ctx context.Context, id string) error {
	w, err := c.find(ctx, id)
	if err != nil {
		return err
	}
	l := letter(w)
	again := kafka.Message{Topic: l.Group + retrySuffix, Key: []byte(l.Message.Key), Value: w.Value, Headers: w.Headers}
	set(&again, headerAttempt, "1")
	unset(&again, headerReason)
	if err := write(ctx, c.aside, []kafka.Message{again}); err != nil {
		return fmt.Errorf("replay %s: %w", id, err)
	}
	// A message without a value deletes those before it with its key.
	if err := write(ctx, c.aside, []kafka.Message{{Topic: w.Topic, Key: w.Key}}); err != nil {
		return fmt.Errorf("remove the letter %s, which was replayed: %w", id, err)
	}
	return nil
}

func (c *Client) find(ctx context.Context, id string) (kafka.Message, error) {
	// A group may have slashes in its name; the three parts behind it have none.
	group := id
	for range 3 {
		group = group[:max(strings.LastIndexByte(group, '/'), 0)]
	}
	letters, err := c.letters(ctx, group+deadLettersSuffix)
	if err != nil && !errors.Is(err, kafka.UnknownTopicOrPartition) && !errors.Is(err, kafka.InvalidTopic) {
		return kafka.Message{}, err
	}
	w, ok := letters[id]
	if !ok {
		return w, fmt.Errorf("%w: %s", ErrNoLetter, id)
	}
	return w, nil
}

// letters returns what is in a dead-letters topic, by id.
func (c *Client) letters(ctx context.Context, topic string) (map[string]kafka.Message, error) {
	letters := map[string]kafka.Message{}
	err := c.scan(ctx, topic, func(w kafka.Message) error {
		if w.Value == nil {
			delete(letters, string(w.Key))
		} else {
			letters[string(w.Key)] = w
		}
		return nil
	})
	return letters, err
}

func letter(w kafka.Message) Letter {
	return Letter{ID: string(w.Key), Group: header(w, headerGroup), Message: decode(w), Reason: header(w, headerReason), Time: w.Time}
}

// bury makes a message a letter: its key becomes the letter's id, which is the
// same when the same message is buried again.
func bury(w *kafka.Message, group string, m Message) {
	w.Topic = group + deadLettersSuffix
	w.Key = fmt.Appendf(nil, "%s/%s/%d/%d", group, m.Topic, m.Partition, m.Offset)
	set(w, headerKey, m.Key)
	unset(w, headerNotBefore)
	if w.Value == nil {
		w.Value = []byte{} // none would delete the letter
	}
}
