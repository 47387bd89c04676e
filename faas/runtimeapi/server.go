// Package runtimeapi is AWS Lambda's Runtime API: what the program of a
// function talks to, to get its events and to answer them. Every instance has a
// server of its own on a port of its own, so that the port says who is calling.
//
// The requests that an invocation is made of, in the form that clients send
// them, are read and answered by hand: see conn. All others, and all that look
// odd in any way, are left to net/http: see http.go, which can do all of it and
// is what the other is tested against.
//
// Source: "Using the Lambda runtime API" in the AWS Lambda Developer Guide, and
// what aws-lambda-go sends.
package runtimeapi

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// spare is how many connections a process may have beside those that its
// events come by: what it takes of files and memory is the runner's.
const spare = 32

// A Server is the Runtime API of one process.
type Server struct {
	onPoll   func(*Poll)
	listener *net.TCPListener
	served   sync.WaitGroup
	rest     rest
	byHTTP   bool // nothing is served by hand

	mu         sync.Mutex
	slots      int
	closed     bool
	conns      map[*conn]struct{}
	polls      map[*Poll]struct{}
	running    map[string]*Exchange // by request id, until answered
	ready      chan struct{}        // closed at the first poll, or at an init error
	polled     bool
	initError  *Reply
	registered bool // the process wants a SIGTERM before it is killed
}

// Serve starts a server on a port of its own on loopback, for a process that
// takes slots events at a time. onPoll is called each time it has asked for
// an event, and must not block.
func Serve(slots int, onPoll func(*Poll)) (*Server, error) { return serve(slots, onPoll, false) }

func serve(slots int, onPoll func(*Poll), byHTTP bool) (*Server, error) {
	l, err := listen()
	if err != nil {
		return nil, err
	}
	s := &Server{
		onPoll:   onPoll,
		listener: l,
		slots:    slots,
		byHTTP:   byHTTP,
		conns:    map[*conn]struct{}{},
		polls:    map[*Poll]struct{}{},
		running:  map[string]*Exchange{},
		ready:    make(chan struct{}),
	}
	s.served.Go(s.accept)
	return s, nil
}

// listen leaves out what costs a cold start time and is of no use on loopback:
// keep-alives, and TCP over several paths.
func listen() (*net.TCPListener, error) {
	config := net.ListenConfig{KeepAlive: -1}
	config.SetMultipathTCP(false)
	l, err := config.Listen(context.Background(), "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener), nil
}

func (s *Server) accept() {
	const tired = 10 * time.Millisecond // while there are no files left
	for {
		nc, err := s.listener.AcceptTCP()
		switch {
		case err == nil:
			s.begin(nc)
		case errors.Is(err, net.ErrClosed):
			return
		default:
			time.Sleep(tired)
		}
	}
}

// begin serves a connection, unless there are too many.
func (s *Server) begin(nc *net.TCPConn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.conns) >= s.slots+spare {
		_ = nc.Close()
		return
	}
	c := newConn(s, nc)
	s.conns[c] = struct{}{}
	if s.byHTTP {
		s.served.Go(func() {
			defer c.end()
			c.handOver()
		})
		return
	}
	s.served.Go(c.serve)
}

// Addr is the value of AWS_LAMBDA_RUNTIME_API.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Port is the port of Addr.
func (s *Server) Port() uint16 { return uint16(s.listener.Addr().(*net.TCPAddr).Port) }

// Ready is closed when the function has finished its initialisation: by asking
// for its first event, or by reporting that it failed, which InitError tells.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// InitError is what the function posted to /init/error.
func (s *Server) InitError() (Reply, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.initError == nil {
		return Reply{}, false
	}
	return *s.initError, true
}

// WantsTerm tells whether the process has registered to be sent a SIGTERM, as
// lambda.WithEnableSIGTERM does.
func (s *Server) WantsTerm() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.registered
}

// Close ends the server and its connections. Exchanges that are not answered
// are lost.
func (s *Server) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	for _, x := range s.running {
		s.finish(x, Reply{}, true)
	}
	for p := range s.polls {
		p.end()
	}
	_ = s.listener.Close()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.rest.close()
	s.served.Wait()
}
