package kafka

import (
	"cmp"
	"context"
	"errors"
	"math"
	"time"

	"golang.org/x/sync/errgroup"
)

// A Consumer handles the messages of topics, each at least once, those of one
// key in order. Several with the same group share the work.
//
// When Handle fails because something cannot be reached (Transient), it is
// called again, until it can. When it fails otherwise, or panics, the message
// goes to the group's retry topic, GROUP.retry, to be tried again after a while
// without holding up those behind it, and after Attempts to its dead letters,
// GROUP.dead-letters, with the reason. Handle sees it with the topic, partition
// and offset that it had at first, wherever it comes from; but it may by then
// have seen later ones of its key.
type Consumer struct {
	Group     string
	Topics    []Topic
	Handle    func(ctx context.Context, m Message) error
	Transient func(error) bool                // nil: none is
	Attempts  int                             // 0: 3
	Delay     func(attempt int) time.Duration // before the next attempt; nil: 1 s, 4 s, …
	Timeout   time.Duration                   // of one call of Handle; 0: 30 s
}

// Suffixes of the topics that a group has of its own.
const (
	retrySuffix       = ".retry"
	deadLettersSuffix = ".dead-letters"
)

// retryRetention is longer than a group is away without anybody noticing.
const retryRetention = 14 * 24 * time.Hour

// Consume runs a consumer until ctx is done, and returns when the message at
// hand has been handled. A broker that is away is waited for.
func (c *Client) Consume(ctx context.Context, consumer Consumer) error {
	if consumer.Group == "" || len(consumer.Topics) == 0 || consumer.Handle == nil {
		return errors.New("a consumer needs a group, topics and a function")
	}
	consumer.setDefaults()
	topics := append(consumer.Topics[:len(consumer.Topics):len(consumer.Topics)],
		Topic{Name: consumer.Group + retrySuffix, Partitions: 1, Retention: retryRetention, largest: asideBytes},
		Topic{Name: consumer.Group + deadLettersSuffix, Partitions: 1, Compacted: true, largest: asideBytes})
	if err := c.ensure(ctx, topics); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	names := make([]string, len(consumer.Topics))
	for i, t := range consumer.Topics {
		names[i] = t.Name
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.stream(consumer, consumer.Group, names...).run(ctx) })
	g.Go(func() error {
		return c.stream(consumer, consumer.Group+retrySuffix, consumer.Group+retrySuffix).run(ctx)
	})
	return g.Wait()
}

func (c *Consumer) setDefaults() {
	c.Attempts = cmp.Or(c.Attempts, 3)
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	if c.Transient == nil {
		c.Transient = func(error) bool { return false }
	}
	if c.Delay == nil {
		c.Delay = func(attempt int) time.Duration {
			return time.Duration(math.Pow(4, float64(attempt-1))) * time.Second
		}
	}
}
