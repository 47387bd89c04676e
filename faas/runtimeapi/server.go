// Package runtimeapi is AWS Lambda's Runtime API: what the program of a
// function talks to, to get its events and to answer them. Every instance has a
// server of its own on a port of its own, so that the port says who is calling.
//
// Source: "Using the Lambda runtime API" in the AWS Lambda Developer Guide, and
// what aws-lambda-go sends.
package runtimeapi

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// A Server is the Runtime API of one process.
type Server struct {
	onPoll   func(*Poll)
	listener net.Listener
	http     *http.Server
	served   sync.WaitGroup

	mu         sync.Mutex
	closed     bool
	polls      map[*Poll]struct{}
	running    map[string]*Exchange // by request id, until answered
	ready      chan struct{}        // closed at the first poll, or at an init error
	polled     bool
	initError  *Reply
	registered bool // the process wants a SIGTERM before it is killed
}

// Serve starts a server on a port of its own on loopback. onPoll is called
// each time the function has asked for an event, and must not block.
func Serve(onPoll func(*Poll)) (*Server, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{
		onPoll:   onPoll,
		listener: l,
		polls:    map[*Poll]struct{}{},
		running:  map[string]*Exchange{},
		ready:    make(chan struct{}),
	}
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	s.served.Go(func() { _ = s.http.Serve(l) })
	return s, nil
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

// Close ends the server. Exchanges that are not answered are lost.
func (s *Server) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	for id, x := range s.running {
		x.lost = true
		close(x.done)
		delete(s.running, id)
	}
	for p := range s.polls {
		p.gone = true
		close(p.event)
		delete(s.polls, p)
	}
	s.mu.Unlock()
	_ = s.http.Close()
	s.served.Wait()
}

// errClosed ends a poll whose server does.
var errClosed = errors.New("the instance is shutting down")

// next waits for an event.
func (s *Server) next(ctx context.Context) (*Exchange, error) {
	p := &Poll{server: s, event: make(chan *Exchange, 1)}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, errClosed
	}
	s.polls[p] = struct{}{}
	if !s.polled && s.initError == nil {
		close(s.ready)
	}
	s.polled = true
	s.mu.Unlock()

	s.onPoll(p)
	select {
	case x, ok := <-p.event:
		s.mu.Lock()
		delete(s.polls, p)
		s.mu.Unlock()
		if !ok {
			return nil, errClosed
		}
		return x, nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.polls, p)
	p.gone = true
	select {
	case x := <-p.event: // given in the same moment: nobody will answer it
		s.finish(x.RequestID, Reply{}, true)
	default:
	}
	return nil, ctx.Err()
}

// answer ends the exchange of a request id. It returns false when there is no
// such exchange, or no longer.
func (s *Server) answer(id string, r Reply) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.finish(id, r, false)
}

func (s *Server) finish(id string, r Reply, lost bool) bool {
	x, ok := s.running[id]
	if !ok {
		return false
	}
	delete(s.running, id)
	x.reply, x.lost = r, lost
	close(x.done)
	return true
}

// known tells whether an exchange is waiting for its answer.
func (s *Server) known(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.running[id]
	return ok
}

// failInit notes what the function said of its failed initialisation. It
// returns false when it has already asked for an event.
func (s *Server) failInit(r Reply) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.polled {
		return false
	}
	if s.initError == nil {
		s.initError = &r
		close(s.ready)
	}
	return true
}

func (s *Server) register() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.registered = true
}
