package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"triptych/internal/telemetry"
)

// mostReplicas is how many brokers keep a copy of a topic, if there are as many.
const mostReplicas = 3

// A partitionsError says that a topic was made with too few partitions. Adding
// some would send the keys to other partitions, and their order would be lost.
type partitionsError struct {
	topic     string
	has, want int
}

func (e *partitionsError) Error() string {
	return fmt.Sprintf("the topic %s has %d partitions and needs %d: delete it, or publish to a new one; "+
		"more partitions would break the order of its messages", e.topic, e.has, e.want)
}

// ensure makes the topics that are missing.
func (c *Client) ensure(ctx context.Context, topics []Topic) error {
	there, err := c.wire.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return fmt.Errorf("list topics: %w", err)
	}
	partitions := map[string]int{}
	for _, t := range there.Topics {
		if t.Error == nil {
			partitions[t.Name] = len(t.Partitions)
		}
	}
	var missing []kafka.TopicConfig
	for _, t := range topics {
		has, ok := partitions[t.Name]
		switch {
		case !ok:
			missing = append(missing, t.config(min(len(there.Brokers), mostReplicas)))
		case has < t.Partitions:
			return &partitionsError{t.Name, has, t.Partitions}
		}
	}
	return c.create(ctx, missing)
}

func (c *Client) create(ctx context.Context, topics []kafka.TopicConfig) error {
	if len(topics) == 0 {
		return nil
	}
	made, err := c.wire.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: topics})
	if err != nil {
		return fmt.Errorf("create topics: %w", err)
	}
	for name, err := range made.Errors {
		if err != nil {
			return fmt.Errorf("create topic %s: %w", name, err)
		}
	}
	return nil
}

func (t Topic) config(replicas int) kafka.TopicConfig {
	retention := int64(-1)
	if t.Retention > 0 {
		retention = t.Retention.Milliseconds()
	}
	entries := []kafka.ConfigEntry{{ConfigName: "retention.ms", ConfigValue: strconv.FormatInt(retention, 10)}}
	if t.Compacted {
		entries = append(entries, kafka.ConfigEntry{ConfigName: "cleanup.policy", ConfigValue: "compact"})
	}
	return kafka.TopicConfig{
		Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: max(replicas, 1), ConfigEntries: entries,
	}
}

// permanent reports whether waiting does not help against err.
func permanent(err error) bool {
	if _, ok := errors.AsType[*partitionsError](err); ok {
		return true
	}
	code, ok := errors.AsType[kafka.Error](err)
	return ok && !code.Temporary() &&
		code != kafka.TopicAlreadyExists && // somebody else was faster: look again
		code != kafka.InvalidReplicationFactor // not all brokers are there yet
}

// ensureOnce makes topics for a client that is in use, as soon as the broker
// lets it.
func (c *Client) ensureOnce(ctx context.Context, topics []Topic) error {
	var trouble telemetry.Seldom
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := c.ensure(ctx, topics)
		if err == nil || permanent(err) {
			return err
		}
		if !sleep(ctx, pause) {
			return nil
		}
		if !errors.Is(err, kafka.TopicAlreadyExists) {
			trouble.Warn("making topics waits for Kafka", err)
		}
	}
}
