package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
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
}

// Open connects to brokers, a list of addresses, and makes sure that they have
// the topics. It waits for a while when they do not answer.
func Open(ctx context.Context, brokers string, topics ...Topic) (*Client, error) {
	addresses := strings.FieldsFunc(brokers, func(r rune) bool { return r == ',' || r == ' ' })
	if len(addresses) == 0 {
		return nil, errors.New("no address of a Kafka broker is given")
	}
	c := &Client{brokers: addresses, metrics: newMetrics()}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		// A new one each time: a transport that has met no broker asks again
		// only after seconds.
		t := c.transport()
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

func (c *Client) transport() *kafka.Transport {
	return &kafka.Transport{
		Dial:        (&net.Dialer{Timeout: dialTimeout, KeepAliveConfig: keepAlive}).DialContext,
		DialTimeout: dialTimeout,
		IdleTimeout: time.Minute,
		ClientID:    "triptych",
	}
}

// keepAlive finds out within half a minute that the other end is gone without a
// word.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 4}

// Close sends what is waiting and disconnects.
func (c *Client) Close() error {
	err := c.writer.Close()
	c.writer.Transport.(*kafka.Transport).CloseIdleConnections()
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
