package main

import (
	"fmt"
	"log/slog"
	"net"

	"github.com/twmb/franz-go/pkg/kfake"

	"triptych/internal/env"
)

// config is what the environment says.
type config struct {
	addr       string
	advertised string // where clients are told to find it; "": at addr
	data       string
	sync       bool
}

func readConfig(getenv func(string) string) (c config, err error) {
	e := env.Reader{Getenv: getenv}
	c.addr = e.String("BROKER_ADDR", "127.0.0.1:9094")
	c.advertised = e.String("BROKER_ADVERTISED", "")
	c.data = e.String("BROKER_DATA", ".triptych/broker")
	switch s := e.String("SYNC", "off"); s {
	case "on":
		c.sync = true
	case "off":
	default:
		e.Complain("SYNC must be on or off, not %q", s)
	}
	if c.advertised != "" {
		if _, _, err := net.SplitHostPort(c.advertised); err != nil {
			e.Complain("BROKER_ADVERTISED must be a host and a port, not %q", c.advertised)
		}
	}
	return c, e.Err()
}

func (c config) options(l net.Listener) []kfake.Opt {
	options := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.ClusterID("triptych"),
		kfake.DataDir(c.data),
		kfake.ListenFn(func(string, string) (net.Listener, error) { return l, nil }),
		kfake.WithLogger(logger{}),
	}
	if c.sync {
		options = append(options, kfake.SyncWrites())
	}
	return options
}

// advertised is a listener that clients find at another address than it has:
// behind a published port, say.
type advertised struct {
	net.Listener
	at string
}

// Addr is what the broker tells clients.
func (l advertised) Addr() net.Addr {
	if l.at == "" {
		return l.Listener.Addr()
	}
	return address(l.at)
}

type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

// logger passes on what kfake says is wrong.
type logger struct{}

// Logf implements kfake.Logger.
func (logger) Logf(level kfake.LogLevel, format string, args ...any) {
	switch level {
	case kfake.LogLevelError:
		slog.Error("kfake: " + fmt.Sprintf(format, args...))
	case kfake.LogLevelWarn:
		slog.Warn("kfake: " + fmt.Sprintf(format, args...))
	}
}
