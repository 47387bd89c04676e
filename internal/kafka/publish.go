package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	batchSize    = 100
	batchBytes   = 1 << 20              // a broker takes so much, unless told otherwise
	asideBytes   = batchBytes + 64<<10  // of a message that was set aside: it has grown by the reason
	linger       = 5 * time.Millisecond // kafka-go's default is a second
	writeTimeout = 3 * time.Second      // of one attempt
)

func (c *Client) newWriter(bytes int64) *kafka.Writer {
	return &kafka.Writer{
		Addr:            c.kafka.Addr,
		Transport:       c.transport,
		Balancer:        &kafka.Hash{},    // of the key
		RequiredAcks:    kafka.RequireAll, // the default asks for none, and loses silently
		BatchSize:       batchSize,
		BatchBytes:      bytes,
		BatchTimeout:    linger,
		WriteTimeout:    writeTimeout,
		ReadTimeout:     writeTimeout,
		MaxAttempts:     5,
		WriteBackoffMax: time.Second,
		ErrorLogger:     c.trouble.logger("writing to Kafka goes wrong"),
	}
}

// Publish appends messages and returns when they are durable. An error does not
// say that they are not: send them again.
func (c *Client) Publish(ctx context.Context, messages ...Message) error {
	if err := c.Ready(ctx); err != nil {
		return err
	}
	raw := make([]kafka.Message, len(messages))
	for i, m := range messages {
		raw[i] = encode(m)
	}
	end := c.startSend(messages)
	err := write(ctx, c.writer, raw)
	end(err)
	return err
}

// write appends messages, a batch at a time and no batch before the one ahead of
// it is durable: kafka-go by itself goes on to the second batch of a partition
// when it has given up the first, and sending both again would reorder them.
func write(ctx context.Context, to *kafka.Writer, messages []kafka.Message) error {
	for len(messages) > 0 {
		n := batch(messages)
		if err := to.WriteMessages(ctx, messages[:n]...); err != nil {
			return fmt.Errorf("publish to %s: %w", messages[0].Topic, first(err))
		}
		messages = messages[n:]
	}
	return nil
}

// batch says how many of the messages, which are not none, fit into a batch.
func batch(messages []kafka.Message) int {
	size := 0
	for n, m := range messages {
		size += len(m.Key) + len(m.Value) + 100
		for _, h := range m.Headers {
			size += len(h.Key) + len(h.Value) + 10
		}
		if n == batchSize || n > 0 && size > batchBytes {
			return n
		}
	}
	return len(messages)
}

// first is what went wrong first, of the errors of each message.
func first(err error) error {
	each, _ := errors.AsType[kafka.WriteErrors](err)
	for _, e := range each {
		if e != nil {
			return e
		}
	}
	return err
}
