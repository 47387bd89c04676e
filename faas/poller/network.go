package poller

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

const dialTimeout = 3 * time.Second

// A network is the connections of one poller. Those that kafka-go is still using
// when the poller ends, for an answer that nobody wants, are closed under it.
type network struct {
	dialer    net.Dialer
	transport *kafka.Transport

	mu    sync.Mutex
	open  map[*tracked]bool
	ended bool
}

// A tracked connection tells its network when it is closed.
type tracked struct {
	net.Conn
	network *network
}

func (c *tracked) Close() error {
	c.network.mu.Lock()
	delete(c.network.open, c)
	c.network.mu.Unlock()
	return c.Conn.Close()
}

func newNetwork(topics ...string) *network {
	n := &network{open: map[*tracked]bool{}}
	// It finds out within half a minute that the other end is gone without a word.
	n.dialer = net.Dialer{Timeout: dialTimeout, KeepAliveConfig: net.KeepAliveConfig{
		Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 4}}
	n.transport = &kafka.Transport{Dial: n.dial, DialTimeout: dialTimeout, IdleTimeout: time.Minute, ClientID: clientID, MetadataTopics: topics}
	return n
}

func (n *network) dial(ctx context.Context, kind, address string) (net.Conn, error) {
	conn, err := n.dialer.DialContext(ctx, kind, address)
	if err != nil {
		return nil, err
	}
	c := &tracked{conn, n}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ended {
		conn.Close()
		return nil, net.ErrClosed
	}
	n.open[c] = true
	return c, nil
}

// forget has what is known of the brokers be asked anew: kafka-go would go by it
// for some seconds more.
func (n *network) forget() { n.transport.CloseIdleConnections() }

// end closes every connection, and lets there be no other.
func (n *network) end() {
	n.mu.Lock()
	n.ended = true
	n.mu.Unlock()
	n.transport.CloseIdleConnections()
	n.hangUp()
}

// hangUp closes every connection.
func (n *network) hangUp() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for c := range n.open {
		c.Conn.Close()
	}
	clear(n.open)
}

// clientID is what brokers know the runner by.
const clientID = "faas"

func (p *poller) connect() {
	topics := []string{p.mapping.Topic}
	aside, ok := p.mapping.TopicAside()
	if ok {
		topics = append(topics, aside)
	}
	p.network = newNetwork(topics...)
	p.client = &kafka.Client{Addr: kafka.TCP(p.mapping.Brokers...), Transport: p.network.transport}
	if !ok {
		return
	}
	p.aside = &kafka.Writer{
		Addr: p.client.Addr, Transport: p.network.transport, Topic: aside,
		Balancer:     &kafka.Hash{}, // of records with a key; those without take turns
		RequiredAcks: kafka.RequireAll,
		BatchTimeout: 5 * time.Millisecond,
		MaxAttempts:  3,
	}
}

func (p *poller) disconnect() {
	p.network.end()
	if p.aside != nil {
		_ = p.aside.Close() // nothing waits in it: what it is given is waited for
	}
}
