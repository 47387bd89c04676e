package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	openTimeout = 30 * time.Second // a broker may be starting
	dialTimeout = 3 * time.Second
)

// A Client talks to a broker. There is one writer and one set of connections in
// it, so a process needs one client.
type Client struct {
	brokers []string
	wire    *kafka.Client
	writer  *kafka.Writer
	metrics *metrics
	watch   time.Duration // how long a reader may give nothing before somebody looks why
}

// Open connects to brokers, a list of addresses, and makes sure that they have
// the topics. It waits for a while when they do not answer.
func Open(ctx context.Context, brokers string, topics ...Topic) (*Client, error) {
	addresses := strings.FieldsFunc(brokers, func(r rune) bool { return r == ',' || r == ' ' })
	if len(addresses) == 0 {
		return nil, errors.New("no address of a Kafka broker is given")
	}
	c := &Client{brokers: addresses, metrics: newMetrics(), watch: watchInterval}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		// A new one each time: a transport that has met no broker asks again
		// only after seconds.
		t := newTransport()
		c.wire = &kafka.Client{Addr: kafka.TCP(addresses...), Transport: t, Timeout: 10 * time.Second}
		err := c.ensure(ctx, topics)
		if err == nil {
			c.writer = newWriter(c.wire.Addr, t)
			return c, nil
		}
		t.CloseIdleConnections()
		if permanent(err) {
			return nil, err
		}
		if !sleep(ctx, pause) {
			return nil, fmt.Errorf("the Kafka broker %s does not serve: %w", brokers, err)
		}
	}
}

// Close sends what is waiting and disconnects.
func (c *Client) Close() error {
	err := c.writer.Close()
	c.wire.Transport.(transport).CloseIdleConnections()
	return err
}

// Ping returns nil when the broker answers.
func (c *Client) Ping(ctx context.Context) error {
	// Not metadata, which the transport answers from memory.
	if _, err := c.wire.ApiVersions(ctx, &kafka.ApiVersionsRequest{}); err != nil {
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

// Brokers returns the addresses that the broker tells clients to use.
func (c *Client) Brokers(ctx context.Context) ([]string, error) {
	there, err := c.wire.Metadata(ctx, &kafka.MetadataRequest{})
	if err != nil {
		return nil, fmt.Errorf("ask for brokers: %w", err)
	}
	all := make([]string, len(there.Brokers))
	for i, b := range there.Brokers {
		all[i] = net.JoinHostPort(b.Host, strconv.Itoa(b.Port))
	}
	return all, nil
}
