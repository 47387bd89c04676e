package runtimeapi

import (
	"bufio"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
)

// Rest is net/http, for the connections that are not served by hand. Most
// processes have none.
type rest struct {
	mu     sync.Mutex
	http   *http.Server
	queue  *queue
	closed bool
	served sync.WaitGroup
}

// serve takes over a connection with what was already read of it, and returns
// when it has ended.
func (r *rest) serve(s *Server, nc *net.TCPConn, read *bufio.Reader) {
	c := &handedOver{TCPConn: nc, read: read, ended: make(chan struct{})}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	if r.http == nil {
		r.start(s)
	}
	r.mu.Unlock()
	if r.queue.add(c) {
		<-c.ended
	}
}

func (r *rest) start(s *Server) {
	r.queue = &queue{conns: make(chan net.Conn), ended: make(chan struct{}), addr: s.listener.Addr()}
	r.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: headTimeout, ErrorLog: log.New(io.Discard, "", 0)}
	r.served.Go(func() { _ = r.http.Serve(r.queue) })
}

func (r *rest) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	if r.http != nil {
		_ = r.http.Close()
		r.served.Wait()
	}
}

// A handedOver is a connection of which some has been read.
type handedOver struct {
	*net.TCPConn
	read  *bufio.Reader
	once  sync.Once
	ended chan struct{}
}

func (c *handedOver) Read(b []byte) (int, error) {
	if c.read.Buffered() > 0 {
		return c.read.Read(b)
	}
	return c.TCPConn.Read(b)
}

func (c *handedOver) Close() error {
	defer c.once.Do(func() { close(c.ended) })
	return c.TCPConn.Close()
}

// A queue is a listener of what is handed over.
type queue struct {
	conns chan net.Conn
	once  sync.Once
	ended chan struct{}
	addr  net.Addr
}

func (q *queue) add(c net.Conn) bool {
	select {
	case q.conns <- c:
		return true
	case <-q.ended:
		return false
	}
}

func (q *queue) Accept() (net.Conn, error) {
	select {
	case c := <-q.conns:
		return c, nil
	case <-q.ended:
		return nil, net.ErrClosed
	}
}

func (q *queue) Close() error {
	q.once.Do(func() { close(q.ended) })
	return nil
}

func (q *queue) Addr() net.Addr { return q.addr }
