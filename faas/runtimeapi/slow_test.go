package runtimeapi

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Bytes may come one by one.
func TestBytesThatDrip(t *testing.T) {
	both(t, func(t *testing.T, byHTTP bool) {
		s, polls := open(t, 1, byHTTP)
		c := connect(t, s)
		drip := func(text string) {
			for _, b := range []byte(crlf(text)) {
				if _, err := c.Write([]byte{b}); err != nil {
					t.Fatal(err)
				}
			}
		}
		drip(getNext)
		x := give(t, polls, recorded)
		c.receive()
		drip(post("invocation/"+id+"/response", "Transfer-Encoding: chunked\n", "2\n{}\n1\n \n0\nLambda-Runtime-Function-Error-Type: x\n\n"))
		if got := c.receive(); got.Status != 202 {
			t.Errorf("status %d, want 202", got.Status)
		}
		receive(t, "end", x.Done())
		if got, _ := x.Reply(); got.ErrorType != "x" {
			t.Errorf("reply %+v, want the error of the trailer", got)
		}
	})
}

// A panic with a deep stack, in the middle of a stream, fills more than
// net/http takes of trailers.
func TestALongTrailer(t *testing.T) {
	s, polls := open(t, 1, false)
	c := connect(t, s)
	c.send(getNext)
	x := give(t, polls, recorded)
	c.receive()
	said := `{"errorMessage":"` + strings.Repeat("x", 100_000) + `"}`
	c.send(post("invocation/"+id+"/response", "Transfer-Encoding: chunked\n", "2\n{}\n0\nLambda-Runtime-Function-Error-Type: Runtime.Panic\nLambda-Runtime-Function-Error-Body: "+
		base64.StdEncoding.EncodeToString([]byte(said))+"\n\n"))
	if got := c.receive(); got.Status != 202 {
		t.Fatalf("got %d %s, want 202", got.Status, got.Body)
	}
	receive(t, "end", x.Done())
	got, _ := x.Reply()
	if diff := cmp.Diff(Reply{Payload: []byte(said), Failed: true, ErrorType: "Runtime.Panic"}, got); diff != "" {
		t.Errorf("reply (-want +got):\n%s", diff)
	}
	c.send(getNext)
	give(t, polls, recorded) // the connection goes on
}

// While one answer is being read there is no other; when it breaks off, another
// may come.
func TestAnAnswerThatBreaksOff(t *testing.T) {
	both(t, func(t *testing.T, byHTTP bool) {
		s, polls := open(t, 1, byHTTP)
		c := connect(t, s)
		c.send(getNext)
		x := give(t, polls, recorded)
		c.receive()
		c.send(post("invocation/"+id+"/response", "Content-Length: 100\n", "half"))
		claimed := func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return x.claimed
		}
		eventually(t, "the answer is read", claimed)
		whole := post("invocation/"+id+"/response", "Content-Length: 2\n", "{}")
		other := connect(t, s)
		other.send(whole)
		if got := other.receive(); got.Status != 400 || got.Body != refusedID {
			t.Errorf("beside the first, got %d %s; want that the id is unknown", got.Status, got.Body)
		}
		c.Close()
		eventually(t, "the answer has broken off", func() bool { return !claimed() })
		other.send(whole)
		if got := other.receive(); got.Status != 202 {
			t.Errorf("after the first, got %d %s; want 202", got.Status, got.Body)
		}
		receive(t, "end", x.Done())
	})
}

// Garbage ends the connection it comes by, and nothing else.
func TestGarbage(t *testing.T) {
	s, polls := open(t, 1, false)
	good := connect(t, s)
	good.send(getNext)
	poll := receive(t, "poll", polls)
	for _, text := range []string{"\x00\xff\n\n", strings.Repeat("x", 3<<20), "POST / HTTP/9.9\n\n", "GET /2018-06-01/runtime/invocation/next HTTP/1.1\n" + strings.Repeat("A: b\n", 1<<19)} {
		c := connect(t, s)
		go func() { _, _ = c.Write([]byte(crlf(text))) }()
		for {
			if _, err := readAnswer(c.in); err != nil {
				break
			}
		}
	}
	if _, ok := poll.Give(recorded); !ok {
		t.Fatal("the event was not taken")
	}
	if got := good.receive(); got.Status != 200 {
		t.Errorf("status %d, want 200", got.Status)
	}
}
