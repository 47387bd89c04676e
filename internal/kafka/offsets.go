package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// Lag returns how many messages of topics a group has not handled yet.
func (c *Client) Lag(ctx context.Context, group string, topics ...string) (int64, error) {
	var lag int64
	err := settled(ctx, func() error {
		lag = 0
		return c.offsets(ctx, group, topics, func(_ place, committed, end int64) { lag += end - committed })
	})
	return lag, err
}

// behind returns the partitions with messages that a group has not committed,
// and the offset that it has.
func (c *Client) behind(ctx context.Context, group string, topics []string) (map[place]int64, error) {
	behind := map[place]int64{}
	err := c.offsets(ctx, group, topics, func(p place, committed, end int64) {
		if committed < end {
			behind[p] = committed
		}
	})
	return behind, err
}

// offsets calls f with each partition of topics.
func (c *Client) offsets(ctx context.Context, group string, topics []string, f func(p place, committed, end int64)) error {
	bounds, err := c.bounds(ctx, topics)
	if err != nil {
		return err
	}
	ask := map[string][]int{}
	for p := range bounds {
		ask[p.topic] = append(ask[p.topic], p.partition)
	}
	committed, err := c.kafka.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: group, Topics: ask})
	if err == nil {
		err = committed.Error
	}
	// Of a group that nobody has joined yet, Kafka says that it has read nothing,
	// the broker that comes along that there is none.
	if err != nil && !errors.Is(err, kafka.GroupIdNotFound) {
		return fmt.Errorf("ask how far %s has read: %w", group, err)
	}
	read := map[place]int64{}
	for topic, partitions := range committed.Topics {
		for _, p := range partitions {
			read[place{topic, p.Partition}] = p.CommittedOffset
		}
	}
	for p, b := range bounds {
		f(p, max(read[p], b.first), b.end)
	}
	return nil
}

// settleTimeout is how long a question is asked again that Kafka cannot answer
// yet: who leads a new topic, say.
const settleTimeout = 5 * time.Second

// settled calls f again while it fails with what Kafka says will pass.
func settled(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	for pause := 20 * time.Millisecond; ; pause *= 2 {
		err := f()
		code, ok := errors.AsType[kafka.Error](err)
		if !ok || !code.Temporary() || code == kafka.UnknownTopicOrPartition || !sleep(ctx, pause) {
			return err
		}
	}
}

// extent says which offsets of a partition there are: from first to below end.
type extent struct{ first, end int64 }

func (c *Client) bounds(ctx context.Context, topics []string) (map[place]extent, error) {
	there, err := c.kafka.Metadata(ctx, &kafka.MetadataRequest{Topics: topics})
	if err != nil {
		return nil, fmt.Errorf("ask about topics: %w", err)
	}
	ask := map[string][]kafka.OffsetRequest{}
	for _, t := range there.Topics {
		if t.Error != nil {
			return nil, fmt.Errorf("ask about the topic %s: %w", t.Name, t.Error)
		}
		for _, p := range t.Partitions {
			ask[t.Name] = append(ask[t.Name], kafka.FirstOffsetOf(p.ID), kafka.LastOffsetOf(p.ID))
		}
	}
	if len(ask) == 0 {
		return nil, nil
	}
	listed, err := c.kafka.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: ask})
	if err != nil {
		return nil, fmt.Errorf("ask how long topics are: %w", err)
	}
	bounds := map[place]extent{}
	for topic, partitions := range listed.Topics {
		for _, p := range partitions {
			if p.Error != nil {
				return nil, fmt.Errorf("ask how long %s is: %w", topic, p.Error)
			}
			bounds[place{topic, p.Partition}] = extent{p.FirstOffset, p.LastOffset}
		}
	}
	return bounds, nil
}
