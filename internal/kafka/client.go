package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	dialTimeout = 3 * time.Second
	askTimeout  = 10 * time.Second // of one question to a broker
)

// A Client talks to a broker. There is one writer and one set of connections in
// it, so a process needs one client.
type Client struct {
	brokers   []string
	topics    []Topic
	ready     atomic.Bool // the topics are there
	transport transport
	kafka     *kafka.Client
	writer    *kafka.Writer
	aside     *kafka.Writer // to where messages are set aside
	metrics   *metrics
	trouble   trouble       // with brokers, whoever has it
	watch     time.Duration // how long a reader may give nothing before somebody looks why
}

// Open returns a client of brokers, a list of addresses, that needs some topics.
// It does not wait for them to answer: see Ready.
func Open(brokers string, topics ...Topic) (*Client, error) {
	addresses := strings.FieldsFunc(brokers, func(r rune) bool { return r == ',' || r == ' ' })
	if len(addresses) == 0 {
		return nil, errors.New("no address of a Kafka broker is given")
	}
	for _, a := range addresses {
		_, port, err := net.SplitHostPort(a)
		if err == nil {
			_, err = strconv.ParseUint(port, 10, 16)
		}
		if err != nil {
			return nil, fmt.Errorf("%q is no address of a Kafka broker: it needs a host and a port", a)
		}
	}
	c := &Client{brokers: addresses, topics: topics, transport: newTransport(), metrics: newMetrics(), watch: watchInterval}
	c.kafka = &kafka.Client{Addr: kafka.TCP(addresses...), Transport: c.transport, Timeout: askTimeout}
	c.writer, c.aside = c.newWriter(batchBytes), c.newWriter(asideBytes)
	return c, nil
}

// Ready returns once the broker answers and has the client's topics, which are
// made if need be. Until then it waits, as Publish does, and Consume for topics of
// its own; an error says that waiting does not help, or that ctx ended first.
func (c *Client) Ready(ctx context.Context) error {
	if c.ready.Load() {
		return nil
	}
	if err := c.ensure(ctx, c.topics); err != nil {
		return err
	}
	c.ready.Store(true)
	return nil
}

// Close sends what is waiting and disconnects.
func (c *Client) Close() error {
	err := errors.Join(c.writer.Close(), c.aside.Close())
	c.transport.CloseIdleConnections()
	return err
}

// Ping returns nil when the broker answers.
func (c *Client) Ping(ctx context.Context) error {
	// Not metadata, which the transport answers from memory.
	if _, err := c.kafka.ApiVersions(ctx, &kafka.ApiVersionsRequest{}); err != nil {
		return fmt.Errorf("ask the Kafka broker: %w", err)
	}
	return nil
}

// sleep waits and reports whether it did so to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
