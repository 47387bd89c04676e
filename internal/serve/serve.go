// Package serve runs an HTTP server from its listener to its last answer: with
// bounds on slow clients, and an end that lets those who are being served
// finish.
package serve

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Drain is how long requests that have begun may take once the end was asked
// for.
const Drain = 10 * time.Second

// Bounds on clients. A written answer may take the longest: with Prefer:
// wait=30 it comes after half a minute.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 45 * time.Second
	idleTimeout       = 60 * time.Second
	maxHeaderBytes    = 16 << 10
)

// Listen opens addr. Open it before anything else is started, so that a port
// in use is known at once; until HTTP is called, clients wait. Its errors say
// what to do; the caller knows the name of the setting.
//
// The address fd:3 names a listener that whoever started this process has
// opened and left to it as file 3.
func Listen(ctx context.Context, addr string) (net.Listener, error) {
	if fd, ok := strings.CutPrefix(addr, "fd:"); ok {
		return inherit(fd)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	_, port, _ := net.SplitHostPort(addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("port %s is in use by another program: choose another", port)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("port %s may not be opened by this user: choose one above 1023", port)
	case err != nil:
		return nil, fmt.Errorf("%s cannot be listened on (%w): choose another", strconv.Quote(addr), err)
	}
	return l, nil
}

func inherit(fd string) (net.Listener, error) {
	n, err := strconv.Atoi(fd)
	if err != nil {
		return nil, fmt.Errorf("%q is no file descriptor: an inherited listener is named like fd:3", fd)
	}
	f := os.NewFile(uintptr(n), "listener")
	defer f.Close()
	return net.FileListener(f) // of a copy
}

// HTTP serves l until ctx is done or the server fails. When ctx is done, health
// turns not ready, requests that have begun get Drain to finish, and what is
// left after that is cut off and told as an error. health may be nil.
func HTTP(ctx context.Context, l net.Listener, h http.Handler, health *Health) error {
	return run(ctx, l, h, health, Drain)
}

func run(ctx context.Context, l net.Listener, h http.Handler, health *Health, limit time.Duration) error {
	stopping := make(chan struct{})
	s := server(h, stopping)
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	close(stopping)
	if health != nil {
		health.leave()
	}
	err := drain(s, limit)
	<-failed // Serve ends with its listener
	return err
}

func server(h http.Handler, stopping <-chan struct{}) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		// It tells of clients' broken connections, which are not ours to mend.
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug),
		BaseContext: func(net.Listener) context.Context {
			return WithStopping(context.Background(), stopping)
		},
	}
}

type stoppingKey struct{}

// WithStopping returns a context of which Stopping returns the channel, for
// servers of another kind than HTTP.
func WithStopping(ctx context.Context, stopping <-chan struct{}) context.Context {
	return context.WithValue(ctx, stoppingKey{}, stopping)
}

// Stopping returns a channel that is closed when the server of the request with
// this context was asked to end. A handler that waits for something to happen
// answers then with what there is.
func Stopping(ctx context.Context) <-chan struct{} {
	c, _ := ctx.Value(stoppingKey{}).(<-chan struct{})
	return c // nil, which is never ready, outside a server
}

func drain(s *http.Server, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("requests were still running after %s and were cut off", limit), s.Close())
	}
	return nil
}
