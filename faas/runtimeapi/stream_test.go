package runtimeapi

import (
	"errors"
	"io"
	"strings"
	"testing"

	"triptych/faas/function"
)

// streamed begins an event whose answer is read as it comes.
func streamed(t *testing.T, byHTTP bool) (*Server, *client, *Exchange) {
	t.Helper()
	s, polls := open(t, 1, byHTTP)
	c := connect(t, s)
	c.send(getNext)
	x := give(t, polls, Event{RequestID: id, Payload: []byte("{}"), Stream: NewStream()})
	c.receive()
	return s, c, x
}

const inChunks = "Transfer-Encoding: chunked\nContent-Type: text/parts\nTrailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\n"

// An answer is read while the function still writes it, and is whole, or says
// that it is not.
func TestStreams(t *testing.T) {
	here := "invocation/" + id
	for name, c := range map[string]struct {
		begin, rest string // what the function sends
		read        string // of the rest
		err         error
		status      int
		reply       Reply
	}{
		"whole":       {post(here+"/response", inChunks, "5\nfirst\n"), "6\nsecond\n0\n\n", "second", nil, 202, Reply{ContentType: "text/parts"}},
		"by length":   {post(here+"/response", "Content-Length: 11\nContent-Type: text/parts\n", "first"), "second", "second", nil, 202, Reply{ContentType: "text/parts"}},
		"with error":  {post(here+"/response", inChunks, "5\nfirst\n"), "0\nLambda-Runtime-Function-Error-Type: Oops\nLambda-Runtime-Function-Error-Body: eyJhIjoxfQ==\n\n", "", ErrBroken, 202, Reply{Payload: []byte(`{"a":1}`), Failed: true, ErrorType: "Oops"}},
		"no chunk":    {post(here+"/response", inChunks, "5\nfirst\n"), "nonsense\n", "", ErrBroken, 400, Reply{}},
		"bad trailer": {post(here+"/response", inChunks, "5\nfirst\n"), "0\nnonsense\n\n", "", ErrBroken, 400, Reply{}},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T, byHTTP bool) {
				s, process, x := streamed(t, byHTTP)
				process.send(c.begin)
				<-x.Stream.Begun()
				first := make([]byte, 5)
				if _, err := io.ReadFull(x.Stream, first); err != nil || string(first) != "first" || x.Stream.ContentType() != "text/parts" {
					t.Errorf("it begins with %q of type %q, %v", first, x.Stream.ContentType(), err)
				}
				process.send(c.rest)
				rest, err := io.ReadAll(x.Stream)
				if string(rest) != c.read || !errors.Is(err, c.err) {
					t.Errorf("the rest is %q, %v; want %q, %v", rest, err, c.read, c.err)
				}
				if got := process.receive(); got.Status != c.status {
					t.Errorf("the function is answered with %+v, want %d", got, c.status)
				}
				if c.status != 202 { // it has spoilt it
					again := connect(t, s)
					again.send(post(here+"/response", "Content-Length: 2\n", "{}"))
					if got := again.receive(); got.Status != 400 || got.Body != refusedID {
						t.Errorf("a second answer is answered with %+v", got)
					}
					return
				}
				<-x.Done()
				reply, _ := x.Reply()
				if string(reply.Payload) != string(c.reply.Payload) || reply.Failed != c.reply.Failed || reply.ErrorType != c.reply.ErrorType {
					t.Errorf("got %+v, want %+v", reply, c.reply)
				}
			})
		})
	}
}

// A function that fails instead of answering has its stream end before it begins.
func TestStreamOfAnError(t *testing.T) {
	both(t, func(t *testing.T, byHTTP bool) {
		_, process, x := streamed(t, byHTTP)
		process.send(post("invocation/"+id+"/error", "Content-Length: 2\n", "{}"))
		<-x.Stream.Begun()
		if rest, err := io.ReadAll(x.Stream); len(rest) > 0 || !errors.Is(err, ErrBroken) {
			t.Errorf("read %q, %v", rest, err)
		}
		if reply, ok := x.Reply(); !ok || !reply.Failed || string(reply.Payload) != "{}" {
			t.Errorf("the reply is %+v, %t", reply, ok)
		}
	})
}

// Nobody reads what a function writes: it has to wait, and is not kept from
// ending for that.
func TestStreamThatNobodyReads(t *testing.T) {
	both(t, func(t *testing.T, byHTTP bool) {
		s, process, x := streamed(t, byHTTP)
		process.send(post("invocation/"+id+"/response", inChunks, "5\nfirst\n"))
		<-x.Stream.Begun()
		s.Close() // as when the process has ended
		if rest, err := io.ReadAll(x.Stream); len(rest) > 0 || !errors.Is(err, ErrBroken) {
			t.Errorf("read %q, %v", rest, err)
		}
		if _, ok := x.Reply(); ok {
			t.Error("it is answered")
		}
	})
}

// Nobody wants the rest of what a function writes: it is thrown away.
func TestStreamThatIsClosed(t *testing.T) {
	both(t, func(t *testing.T, byHTTP bool) {
		_, process, x := streamed(t, byHTTP)
		process.send(post("invocation/"+id+"/response", inChunks, "5\nfirst\n"))
		x.Stream.Close()
		process.send("6\nsecond\n0\n\n")
		if got := process.receive(); got.Status != 202 {
			t.Errorf("the function is answered with %+v", got)
		}
		if reply, ok := x.Reply(); !ok || reply.Failed {
			t.Errorf("the reply is %+v, %t", reply, ok)
		}
	})
}

// More than may be is no answer.
func TestStreamThatIsTooLarge(t *testing.T) {
	both(t, func(t *testing.T, byHTTP bool) {
		_, process, x := streamed(t, byHTTP)
		process.send(post("invocation/"+id+"/response", inChunks, ""))
		go func() {
			part := "100000\n" + strings.Repeat("x", 1<<20) + "\n"
			for range function.MaxStream >> 20 {
				if _, err := io.WriteString(process.Conn, crlf(part)); err != nil {
					return
				}
			}
			_, _ = io.WriteString(process.Conn, "1\r\nx\r\n0\r\n\r\n")
		}()
		n, err := io.Copy(io.Discard, x.Stream)
		if n > function.MaxStream || !errors.Is(err, ErrBroken) {
			t.Errorf("read %d bytes, %v", n, err)
		}
		<-x.Done()
		if reply, _ := x.Reply(); !reply.TooLarge {
			t.Errorf("the reply is %+v", reply)
		}
	})
}
