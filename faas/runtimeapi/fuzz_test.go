package runtimeapi

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// An effect is what a connection has led to: what was answered, and what became
// of the events.
type effect struct {
	Answers []answer
	Polls   int
	Replies []Reply // of the events that were given, in their order; zero when there is none
	Ended   []bool
	Init    Reply
	Failed  bool
	Term    bool
}

// last has a connection that is still understood end.
const last = "GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

// hear reads to the end of a connection. One that waits for more has it ended.
func hear(t *testing.T, c *net.TCPConn) (said []byte) {
	const silence = 30 * time.Millisecond
	_ = c.SetReadDeadline(time.Now().Add(silence))
	said, err := io.ReadAll(c)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		_ = c.CloseWrite()
		_ = c.SetReadDeadline(time.Now().Add(patience))
		var rest []byte
		rest, err = io.ReadAll(c)
		said = append(said, rest...)
	}
	if err != nil && !errors.Is(err, syscall.ECONNRESET) { // what is not read when a connection ends resets it
		t.Fatalf("%v after %q", err, said)
	}
	return said
}

// play sends bytes to a server of its own, and says what they led to.
func play(t *testing.T, b []byte, byHTTP bool) (e effect) {
	var mu sync.Mutex
	var given []*Exchange
	s, err := serve(1, func(p *Poll) {
		mu.Lock()
		defer mu.Unlock()
		e.Polls++
		if x, ok := p.Give(Event{RequestID: id, Deadline: time.UnixMilli(1), Payload: []byte("{}")}); ok {
			given = append(given, x)
		}
	}, byHTTP)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() { _, _ = c.Write(append(slices.Clip(b), last...)) }()
	said := hear(t, c.(*net.TCPConn))
	s.Close()

	e.Answers = answers(t, said)
	e.Init, e.Failed = s.InitError()
	e.Term = s.WantsTerm()
	for _, x := range given {
		reply, ok := x.Reply()
		e.Replies, e.Ended = append(e.Replies, reply), append(e.Ended, ok)
	}
	return e
}

// answers reads what a server has said, and leaves out what may differ.
func answers(t *testing.T, said []byte) (all []answer) {
	in := bufio.NewReader(bytes.NewReader(said))
	for {
		if _, err := in.Peek(1); err != nil {
			return all
		}
		a, err := readAnswer(in)
		if err != nil {
			t.Fatalf("an answer that cannot be read: %v in %q", err, said)
		}
		if a.Status == http.StatusContinue {
			continue
		}
		for _, name := range []string{"Date", "Connection", "Lambda-Extension-Identifier", "Content-Length"} {
			a.Header.Del(name)
		}
		all = append(all, a)
	}
}

// FuzzWire has the same bytes served by hand and by net/http.
func FuzzWire(f *testing.F) {
	here := "invocation/" + id
	ok := post(here+"/response", "Content-Length: 2\n", "{}")
	for _, text := range []string{
		getNext,
		getNext + ok,
		getNext + ok + getNext + ok,
		getNext + getNext,
		getNext + post(here+"/error", "Content-Length: 2\nLambda-Runtime-Function-Error-Type: x\n", "{}") + getNext,
		getNext + post(here+"/response", "Transfer-Encoding: chunked\nTrailer: Lambda-Runtime-Function-Error-Type\n", "2;a=b\n{}\n0\nLambda-Runtime-Function-Error-Type: x\n\n") + getNext,
		getNext + post(here+"/response", "Transfer-Encoding: chunked\n", "0\nTrailer: x\n\n") + getNext,
		getNext + post(here+"/response", "Transfer-Encoding: chunked\n", "x\n{}\n0\n\n") + getNext,
		getNext + post(here+"/response", "Transfer-Encoding: chunked\nContent-Length: 2\n", "0\n\n"),
		getNext + post(here+"/response", "Content-Length: 2\nExpect: 100-continue\n", "{}"),
		getNext + post(here+"/response", "Content-Length: 2\nConnection: close\n", "{}") + getNext,
		getNext + post(here+"/response", "Content-Length: 2\nContent-Length: 3\n", "{}"),
		getNext + post(here+"/response", "Content-Length: +2\n", "{}"),
		getNext + post(here+"/response", "Content-Length: 10\n", "{}"),
		getNext + post(here+"/response", "Content-Length: 02\nContent-Type:\t a/b \n", "{}"),
		post("invocation/x/response", "Content-Length: 2\n", "{}") + getNext,
		post("invocation/../response", "Content-Length: 2\n", "{}"),
		post("init/error", "Content-Length: 2\n", "{}") + getNext,
		"GET /2018-06-01/runtime/invocation/next HTTP/1.1\nHost: a\nHost: b\n\n",
		"GET /2018-06-01/runtime/invocation/next HTTP/1.1\nHost: a b\n\n",
		"GET /2018-06-01/runtime/invocation/next HTTP/1.1\nHost:\n\n",
		"GET /2018-06-01/runtime/invocation/next HTTP/1.1\nAccept: x\n\n",
		"GET /2018-06-01/runtime/invocation/next HTTP/1.1\nHost: x\n: y\n\n",
		"GET /2018-06-01/runtime/invocation/next HTTP/1.1\nHost: x\nContent-Length: 3\n\nabc" + getNext,
		"GET /2018-06-01/runtime/invocation/next HTTP/1.1\nHost: x\n folded: y\n\n",
		"GET /2018-06-01/runtime/invocation/next HTTP/1.1\nHost: x\nA : y\n\n",
		"GET /2018-06-01/runtime/invocation/next HTTP/1.1\nHost: x\nA: \x7f\n\n",
		"GET /2018-06-01/runtime/invocation/next HTTP/1.0\n\n",
		"POST /2020-01-01/extension/register HTTP/1.1\nHost: x\nContent-Length: 2\n\n{}" + getNext,
		"GET /ping HTTP/1.1\nHost: x\n\n" + getNext + ok,
		"PRI * HTTP/2.0\n\nSM\n\n",
		"GET /2018-06-01/runtime/invocation/next HTTP/1.1\nHost: x\nUpgrade: h2c\nConnection: Upgrade\n\n",
	} {
		f.Add([]byte(crlf(text)))
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > inSize {
			return
		}
		hand, http := play(t, b, false), play(t, b, true)
		if diff := cmp.Diff(http, hand); diff != "" {
			t.Errorf("%q\nby net/http (-) and by hand (+):\n%s", b, diff)
		}
	})
}
