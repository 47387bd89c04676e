package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
)

// Scan calls f with each message that a topic has at the beginning of the call,
// one partition after the other, until f fails. It belongs to no group and
// moves nobody's offset.
func (c *Client) Scan(ctx context.Context, topic string, f func(Message) error) error {
	return c.scan(ctx, topic, func(w kafka.Message) error { return f(decode(w)) })
}

func (c *Client) scan(ctx context.Context, topic string, f func(kafka.Message) error) error {
	var bounds map[place]extent
	err := settled(ctx, func() (err error) {
		bounds, err = c.bounds(ctx, []string{topic})
		return err
	})
	if err != nil {
		return err
	}
	for partition := range len(bounds) {
		p := place{topic, partition}
		if err := c.scanPartition(ctx, p, bounds[p], f); err != nil {
			return fmt.Errorf("read %s, partition %d: %w", topic, partition, err)
		}
	}
	return nil
}

func (c *Client) scanPartition(ctx context.Context, p place, e extent, f func(kafka.Message) error) error {
	for next := e.first; next < e.end; {
		got, err := c.kafka.Fetch(ctx, &kafka.FetchRequest{
			Topic: p.topic, Partition: p.partition, Offset: next, MinBytes: 1, MaxBytes: asideBytes, MaxWait: time.Second,
		})
		if err == nil {
			err = got.Error
		}
		if err != nil {
			return err
		}
		messages, err := records(p, got.Records)
		if err != nil {
			return err
		}
		if len(messages) == 0 {
			return nil // the last ones were compacted away
		}
		for _, w := range messages {
			if w.Offset < next || w.Offset >= e.end {
				continue // a batch may begin earlier than what was asked for
			}
			if err := f(w); err != nil {
				return err
			}
		}
		next = max(next, messages[len(messages)-1].Offset+1)
	}
	return nil
}

// records reads what a fetch brought.
func records(p place, from kafka.RecordReader) ([]kafka.Message, error) {
	if c, ok := from.(io.Closer); ok {
		defer c.Close()
	}
	var all []kafka.Message
	for {
		r, err := from.ReadRecord()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		w := kafka.Message{Topic: p.topic, Partition: p.partition, Offset: r.Offset, Time: r.Time, Headers: slices.Clone(r.Headers)}
		if w.Key, err = kafka.ReadAll(r.Key); err != nil {
			return nil, err
		}
		if w.Value, err = kafka.ReadAll(r.Value); err != nil {
			return nil, err
		}
		all = append(all, w)
	}
}
