// Package kafka is how services tell each other what has happened: through a log
// that Kafka's protocol gives access to, Apache Kafka's or the broker that comes
// with Triptych.
package kafka

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// A Topic is a part of the log.
type Topic struct {
	Name       string
	Partitions int
	Retention  time.Duration // 0: everything is kept
	Compacted  bool          // of each key only the last message is kept
}

// A Message is one entry of a topic.
type Message struct {
	Topic     string
	Partition int       // when read
	Offset    int64     // when read
	ID        uuid.UUID // the same when it is sent again
	Key       string    // messages of one key are read in the order they were sent
	Type      string    // the full name of the protobuf message in Value
	Value     []byte
	Trace     map[string]string // W3C trace context of whoever caused it
	Time      time.Time         // when it was caused
	Attempt   int               // 1 at first
}

// A Client talks to a broker.
type Client struct{}

// Open connects to brokers, a list of addresses, and makes sure that they have
// the topics. It waits for a while when they do not answer.
func Open(ctx context.Context, brokers string, topics ...Topic) (*Client, error) {
	panic("not yet")
}

// Close sends what is waiting and disconnects.
func (c *Client) Close() error { panic("not yet") }

// Ping returns nil when the broker answers.
func (c *Client) Ping(ctx context.Context) error { panic("not yet") }

// Publish appends messages and returns when they are durable. An error does not
// say that they are not: send them again.
func (c *Client) Publish(ctx context.Context, messages ...Message) error { panic("not yet") }

// A Consumer handles the messages of topics, each at least once, those of one
// key in order. Several with the same group share the work.
//
// When Handle fails because something cannot be reached (Transient), it is
// called again, until it can. When it fails otherwise, the message goes to the
// group's retry topic, GROUP.retry, to be tried again after a while without
// holding up those behind it, and after Attempts to its dead letters,
// GROUP.dead-letters, with the reason.
type Consumer struct {
	Group     string
	Topics    []Topic
	Handle    func(ctx context.Context, m Message) error
	Transient func(error) bool                // nil: none is
	Attempts  int                             // 0: 3
	Delay     func(attempt int) time.Duration // before the next attempt; nil: 1 s, 4 s, …
}

// Consume runs a consumer until ctx is done, and returns when the message at
// hand has been handled.
func (c *Client) Consume(ctx context.Context, consumer Consumer) error { panic("not yet") }
