package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
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

// A broker that starts together with its clients is given a moment before anybody
// is told that it is missed.
const startTime = 5 * time.Second

// ensure makes sure of topics, as soon as the broker lets it.
func (c *Client) ensure(ctx context.Context, topics []Topic) error {
	var cause error // which the end of ctx is not
	began := time.Now()
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		err := c.provide(ctx, topics)
		if err == nil || permanent(err) {
			return err
		}
		if cause == nil || ctx.Err() == nil {
			cause = err
		}
		// The transport would go by what it knows, that there is no broker or which
		// topics there were, for some seconds more.
		c.transport.CloseIdleConnections()
		if time.Since(began) > startTime && ctx.Err() == nil {
			c.trouble.warn("Kafka and topics of it are waited for", err)
		}
		if !sleep(ctx, pause) {
			return fmt.Errorf("the Kafka broker %s does not serve: %w", strings.Join(c.brokers, ","), cause)
		}
	}
}

// provide makes the topics that are missing.
func (c *Client) provide(ctx context.Context, topics []Topic) error {
	there, err := c.kafka.Metadata(ctx, &kafka.MetadataRequest{})
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
	made, err := c.kafka.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: topics})
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
	if t.largest > 0 {
		entries = append(entries, kafka.ConfigEntry{ConfigName: "max.message.bytes", ConfigValue: strconv.Itoa(t.largest)})
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
	return ok && !temporary(code)
}

// temporary reports whether waiting helps.
func temporary(code kafka.Error) bool {
	return code.Temporary() ||
		code == kafka.TopicAlreadyExists || // somebody else was faster: look again
		code == kafka.InvalidReplicationFactor // not all brokers are there yet
}
