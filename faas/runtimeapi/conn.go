package runtimeapi

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// A conn is one connection of a process, served by hand in one goroutine. While
// the process waits for an event, that goroutine reads: so it learns at once
// when the process has gone. The event itself is written by whoever gives it.
type conn struct {
	*net.TCPConn
	server *Server
	in     *bufio.Reader

	writing sync.Mutex // guards what follows
	raw     syscall.RawConn
	push    func(fd uintptr) bool // writes some of left
	out     []byte                // an event
	left    []byte                // of out, not written yet
	failed  error
}

const (
	inSize  = 4 << 10  // a head that is longer is left to net/http
	outSize = 16 << 10 // an event that is longer is written beside who gives it

	headTimeout = 10 * time.Second       // for a head, once it has begun
	linger      = 500 * time.Millisecond // for a process to read why it is refused
)

var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, inSize) }}

func newConn(s *Server, nc *net.TCPConn) *conn {
	c := &conn{TCPConn: nc, server: s, in: readers.Get().(*bufio.Reader)}
	c.in.Reset(nc)
	c.push = c.pushSome
	return c
}

func (c *conn) serve() {
	defer c.end()
	for {
		h, plain, err := c.head()
		switch {
		case err != nil:
			return
		case !plain:
			c.handOver()
			return
		case h.verb == next && !c.next(), h.verb != next && !c.answer(h):
			return
		}
	}
}

// handOver leaves the connection to net/http.
func (c *conn) handOver() {
	in := c.in
	c.in = nil
	c.server.rest.serve(c.server, c.TCPConn, in)
}

func (c *conn) end() {
	_ = c.Close()
	c.server.mu.Lock()
	delete(c.server.conns, c)
	c.server.mu.Unlock()
	if c.in != nil {
		c.in.Reset(nil)
		readers.Put(c.in)
	}
}

// head reads the head of a request. When it is not plain, nothing has been read
// of it.
func (c *conn) head() (h head, plain bool, err error) {
	if _, err := c.in.Peek(1); err != nil {
		return h, false, err
	}
	for limited := false; ; limited = true {
		b, _ := c.in.Peek(c.in.Buffered())
		h, n, plain := parseHead(b)
		if n > 0 || !plain || len(b) == inSize {
			if limited {
				_ = c.SetReadDeadline(time.Time{})
			}
			_, _ = c.in.Discard(n)
			return h, n > 0, nil
		}
		if !limited {
			_ = c.SetReadDeadline(time.Now().Add(headTimeout))
		}
		_, err := c.in.Peek(len(b) + 1)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return h, false, err
		}
		if err != nil {
			return h, false, nil // net/http has words for it
		}
	}
}

// next is the long poll. Like answer, it returns false when the connection is
// of no more use.
func (c *conn) next() bool {
	p, refused := c.server.poll(c)
	if refused != nil {
		return c.refuse(refused)
	}
	if p == nil {
		return false
	}
	c.server.onPoll(p)
	if _, err := c.in.Peek(1); err != nil {
		if x := c.server.withdraw(p); x != nil && c.wasReset(err) {
			c.server.lose(x)
		}
		return false
	}
	c.server.wait(p) // a client that does not wait for an answer has to
	return true
}

// wasReset tells, of a connection that has ended, whether the event that was
// written last was not read: when the process ended it before, or without
// looking.
func (c *conn) wasReset(err error) bool {
	if !errors.Is(err, io.EOF) {
		return true
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	var why int
	_ = raw.Control(func(fd uintptr) { why, _ = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ERROR) })
	return why != 0
}

// answer reads what a function made of an event.
func (c *conn) answer(h head) bool {
	x := c.server.claim(h.id)
	if x == nil {
		if _, _, err := c.body(h, maxSkipped); err != nil {
			return c.dismiss(errID)
		}
		return c.refuse(errID)
	}
	body, t, err := c.reply(h, x)
	switch {
	case errors.Is(err, errTooLarge):
		c.server.settle(x, Reply{TooLarge: true})
		return c.dismiss(large(x))
	case err != nil:
		c.server.disclaim(x)
		return c.dismiss(errBody)
	}
	reply := Reply{Payload: body, ContentType: h.contentType}
	switch {
	case h.verb == failure:
		reply = Reply{Payload: body, Failed: true, ErrorType: h.errorType}
	case t.kind != "":
		reply = trailed(t)
	}
	if !c.server.settle(x, reply) {
		return c.refuse(errID)
	}
	return c.write(accepted202)
}

func (c *conn) write(b []byte) bool {
	c.writing.Lock()
	defer c.writing.Unlock()
	_, err := c.Write(b)
	return err == nil
}

func (c *conn) refuse(r *refusal) bool { return c.write(r.answer("")) }

// dismiss refuses a request of which not all was read, and ends the connection
// when the process has read that, or soon.
func (c *conn) dismiss(r *refusal) bool {
	if c.write(r.answer("Connection: close\r\n")) {
		_ = c.CloseWrite()
		_ = c.SetReadDeadline(time.Now().Add(linger))
		_, _ = io.Copy(io.Discard, c.in)
	}
	return false
}

// reserve makes sure that nothing else is written.
func (c *conn) reserve() bool { return c.writing.TryLock() }

// take writes an event, as much of it as the machine takes at once.
func (c *conn) take(x *Exchange) bool {
	c.out = appendEvent(c.out[:0], &x.Event)
	large := len(c.out)+len(x.Payload) > outSize
	if !large {
		c.out = append(c.out, x.Payload...)
	}
	c.left = c.out
	if !large {
		if c.try(); len(c.left) == 0 || c.failed != nil {
			c.writing.Unlock()
			return c.failed == nil
		}
	}
	taken := c.server.beside(func() {
		defer c.writing.Unlock()
		parts := net.Buffers{c.left}
		if large {
			parts = append(parts, x.Payload)
		}
		if _, err := parts.WriteTo(c.TCPConn); err != nil {
			_ = c.Close()
			c.server.lose(x)
		}
	})
	if !taken {
		c.writing.Unlock()
	}
	return taken
}

// try writes what can be written of left without waiting.
func (c *conn) try() {
	if c.raw == nil {
		if c.raw, c.failed = c.SyscallConn(); c.failed != nil {
			return
		}
	}
	if err := c.raw.Write(c.push); err != nil {
		c.failed = err
	}
}

func (c *conn) pushSome(fd uintptr) bool {
	n, err := syscall.Write(int(fd), c.left)
	switch {
	case err == nil:
		c.left = c.left[n:]
	case err != syscall.EAGAIN && err != syscall.EINTR:
		c.failed = err
	}
	return true
}
