package runtimeapi

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"triptych/internal/waittest"
)

// net/http lingers for half a second on connections that it has closed.
func TestMain(m *testing.M) { waittest.Main(m) }

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func (s *Server) waiting() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.polls)
}

// Who has gone must not swallow an event.
func TestAPollThatHasGoneTakesNoEvent(t *testing.T) {
	both(t, func(t *testing.T, byHTTP bool) {
		s, polls := open(t, 1, byHTTP)
		c := connect(t, s)
		c.send(getNext)
		p := receive(t, "poll", polls)
		c.Close()
		eventually(t, "the poll is forgotten", func() bool { return s.waiting() == 0 })
		if _, ok := p.Give(recorded); ok {
			t.Error("it took an event")
		}
		again := connect(t, s)
		again.send(getNext)
		give(t, polls, recorded)
		if got := again.receive(); got.Status != 200 {
			t.Errorf("status %d, want 200", got.Status)
		}
	})
}

// A client that sends before it has heard hears in the order in which it has
// asked.
func TestPipelining(t *testing.T) {
	both(t, func(t *testing.T, byHTTP bool) {
		s, polls := open(t, 1, byHTTP)
		c := connect(t, s)
		ok := post("invocation/"+id+"/response", "Content-Length: 2\n", "{}")
		c.send(getNext + ok + getNext + ok)
		for range 2 {
			x := give(t, polls, recorded)
			if got := c.receive(); got.Status != 200 || got.Body != string(recorded.Payload) {
				t.Fatalf("got %d %s, want the event", got.Status, got.Body)
			}
			if got := c.receive(); got.Status != 202 {
				t.Fatalf("got %d %s, want 202", got.Status, got.Body)
			}
			receive(t, "end", x.Done())
		}
	})
}

func TestCloseEndsEverything(t *testing.T) {
	both(t, func(t *testing.T, byHTTP bool) {
		s, polls := open(t, 3, byHTTP)
		waits, works, early := connect(t, s), connect(t, s), connect(t, s)
		works.send(getNext)
		x := give(t, polls, recorded)
		works.receive()
		waits.send(getNext)
		p := receive(t, "poll", polls)
		early.send(getNext + getNext)
		receive(t, "poll", polls)
		half := connect(t, s)
		half.send("POST /2018-06-01")
		s.Close()
		s.Close()
		receive(t, "end", x.Done())
		if _, answered := x.Reply(); answered {
			t.Error("an event was answered that nobody has answered")
		}
		if _, ok := p.Give(recorded); ok {
			t.Error("a poll of a closed server took an event")
		}
		for _, c := range []*client{waits, works, early, half} {
			_, _ = io.ReadAll(c.in) // ends
		}
	})
}

// An event that is larger than what the machine takes at once does not keep
// who gives it.
func TestALargeEventIsWrittenBeside(t *testing.T) {
	s, polls := open(t, 1, false)
	c := connect(t, s)
	large := recorded
	large.Payload = bytes.Repeat([]byte("x"), maxReply)
	for range 2 {
		c.send(getNext)
		x := give(t, polls, large) // and c does not read
		if got := c.receive(); got.Body != string(large.Payload) {
			t.Fatalf("%d bytes came, want %d", len(got.Body), maxReply)
		}
		c.send(post("invocation/"+id+"/response", "Content-Length: 2\n", "{}"))
		if got := c.receive(); got.Status != 202 {
			t.Fatalf("status %d, want 202", got.Status)
		}
		receive(t, "end", x.Done())
	}
}

// One that goes away while it is written is lost, and can be given to another.
func TestALargeEventThatIsNotReadIsLost(t *testing.T) {
	s, polls := open(t, 1, false)
	c := connect(t, s)
	large := recorded
	large.Payload = bytes.Repeat([]byte("x"), maxReply)
	c.send(getNext)
	x := give(t, polls, large)
	if err := c.Conn.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	c.Close()
	receive(t, "end", x.Done())
	if _, answered := x.Reply(); answered {
		t.Error("it is answered")
	}
}

// A function that opens connections without end has only so many.
func TestConnectionsAreBounded(t *testing.T) {
	s, polls := open(t, 1, false)
	var all []*client
	for range spare + 1 {
		c := connect(t, s)
		c.send("GET /2018")
		all = append(all, c)
	}
	connect(t, s).closed()
	all[0].Close()
	eventually(t, "another is served", func() bool {
		c := connect(t, s)
		c.send(getNext)
		select {
		case p := <-polls:
			if _, ok := p.Give(recorded); !ok {
				t.Fatal("the event was not taken")
			}
			return true
		case <-time.After(50 * time.Millisecond):
			c.Close()
			return false
		}
	})
}

// Several at once, each with its own events, of all sizes.
func TestManySlots(t *testing.T) {
	both(t, func(t *testing.T, byHTTP bool) {
		const slots, each = 16, 50
		s, polls := open(t, slots, byHTTP)
		var functions sync.WaitGroup
		for range slots {
			c := connect(t, s)
			functions.Go(func() {
				for {
					if _, err := io.WriteString(c, crlf(getNext)); err != nil {
						return
					}
					a, err := readAnswer(c.in)
					if err != nil {
						return
					}
					size := len(a.Body)
					text := crlf(post("invocation/"+a.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/response", "Transfer-Encoding: chunked\n", "")) +
						chunked(a.Body, 1+size/3)
					if _, err := io.WriteString(c, text); err != nil {
						return
					}
					if a, err := readAnswer(c.in); err != nil || a.Status != 202 {
						t.Errorf("status %d, %v; want 202", a.Status, err)
						return
					}
				}
			})
		}
		for n := range slots * each {
			e := Event{RequestID: strings.Repeat("a", 1+n%100) + "-" + strings.Repeat("b", 1+n/100), Deadline: time.Now().Add(patience), Payload: bytes.Repeat([]byte{'a' + byte(n%26)}, n*n%20_000)}
			x := give(t, polls, e)
			functions.Go(func() {
				receive(t, "end", x.Done())
				if r, ok := x.Reply(); !ok || !bytes.Equal(r.Payload, e.Payload) {
					t.Errorf("%d bytes came back, %v; want the %d that were sent", len(r.Payload), ok, len(e.Payload))
				}
			})
		}
		for range slots { // all are answered when all ask again
			receive(t, "poll", polls)
		}
		s.Close()
		functions.Wait()
	})
}

func chunked(body string, size int) string {
	var b strings.Builder
	for len(body) > 0 {
		n := min(size, len(body))
		b.WriteString(hex(n) + "\r\n" + body[:n] + "\r\n")
		body = body[n:]
	}
	return b.String() + "0\r\n\r\n"
}

// When the process ends in the moment in which it is given an event, the
// machine takes the event and nobody reads it. (net/http does not see that, and
// would have the event wait for its deadline.)
func TestAnEventThatNobodyReadsIsLost(t *testing.T) {
	clients, given := make(chan *client, 1), make(chan *Exchange, 1)
	s, err := Serve(1, func(p *Poll) {
		(<-clients).Close()
		x, _ := p.Give(recorded)
		given <- x
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := connect(t, s)
	c.send(getNext)
	clients <- c
	x := receive(t, "event", given)
	if x == nil {
		return // it was not taken, as well
	}
	receive(t, "end", x.Done())
	if _, answered := x.Reply(); answered {
		t.Error("it is answered")
	}
}
