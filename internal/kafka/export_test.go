package kafka

import (
	"context"
	"time"

	"github.com/segmentio/kafka-go"
)

// SetWatch sets how long a reader may give nothing before somebody looks why.
func (c *Client) SetWatch(d time.Duration) { c.watch = d }

// PublishRaw appends a message as somebody else's program would.
func (c *Client) PublishRaw(ctx context.Context, topic string, value string, headers map[string]string) error {
	w := kafka.Message{Topic: topic, Value: []byte(value)}
	for name, v := range headers {
		w.Headers = append(w.Headers, kafka.Header{Key: name, Value: []byte(v)})
	}
	return write(ctx, c.writer, []kafka.Message{w})
}

// Settings returns those of a topic that were set for it.
func (c *Client) Settings(ctx context.Context, topic string) (map[string]string, error) {
	got, err := c.kafka.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{Resources: []kafka.DescribeConfigRequestResource{{
		ResourceType: kafka.ResourceTypeTopic, ResourceName: topic, ConfigNames: []string{"retention.ms", "cleanup.policy"},
	}}})
	if err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for _, r := range got.Resources {
		for _, e := range r.ConfigEntries {
			settings[e.ConfigName] = e.ConfigValue
		}
	}
	return settings, nil
}
