package runtimeapi

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is how long anything may take on a machine that has more to do.
const patience = 2 * time.Minute

// both runs a test against what is served by hand, and what by net/http.
func both(t *testing.T, test func(t *testing.T, byHTTP bool)) {
	t.Run("by hand", func(t *testing.T) { test(t, false) })
	t.Run("by net http", func(t *testing.T) { test(t, true) })
}

// open starts a server, whose polls come by the channel.
func open(t testing.TB, slots int, byHTTP bool) (*Server, <-chan *Poll) {
	t.Helper()
	polls := make(chan *Poll, 100)
	s, err := serve(slots, func(p *Poll) { polls <- p }, byHTTP)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, polls
}

func receive[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s came", what)
		panic("")
	}
}

// give answers the next poll.
func give(t testing.TB, polls <-chan *Poll, e Event) *Exchange {
	t.Helper()
	x, ok := receive(t, "poll", polls).Give(e)
	if !ok {
		t.Fatal("the event was not taken")
	}
	return x
}

// A client is a connection on which bytes are sent as they are.
type client struct {
	net.Conn
	t  testing.TB
	in *bufio.Reader
}

func connect(t testing.TB, s *Server) *client {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return &client{c, t, bufio.NewReader(c)}
}

// send writes text, in which lines end in LF.
func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, crlf(text)); err != nil {
		c.t.Fatal(err)
	}
}

func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

// An answer is what came back.
type answer struct {
	Status int
	Header http.Header
	Body   string
}

func (c *client) receive() answer {
	c.t.Helper()
	a, err := readAnswer(c.in)
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

func readAnswer(in *bufio.Reader) (answer, error) {
	r, err := http.ReadResponse(in, nil)
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(r.Body)
	return answer{r.StatusCode, r.Header, string(body)}, err
}

// closed waits for the server to end the connection.
func (c *client) closed() {
	c.t.Helper()
	if b, err := io.ReadAll(c.in); err != nil || len(b) > 0 {
		c.t.Fatalf("the connection says %q, %v; want that it ends", b, err)
	}
}

const (
	getNext = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\nHost: x\n\n"
	id      = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
)

func post(what, header, body string) string {
	return "POST /2018-06-01/runtime/" + what + " HTTP/1.1\nHost: x\n" + header + "\n" + body
}

func hex(n int) string { return strconv.FormatInt(int64(n), 16) }
