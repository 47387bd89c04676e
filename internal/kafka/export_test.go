package kafka

import (
	"context"
	"time"

	"github.com/segmentio/kafka-go"
)

// SetWatch sets how long a reader may give nothing before somebody looks why.
func (c *Client) SetWatch(d time.Duration) { c.watch = d }

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
