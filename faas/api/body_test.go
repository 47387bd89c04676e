package api

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"triptych/faas/function"
)

// pipes is a listener whose connections are in memory, so that their deadlines
// are those of the test's clock.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// exchange sends a request to a route, served as internal/serve does, and
// returns the answer and how long it took.
func exchange(t *testing.T, rt route, request string) (string, time.Duration) {
	t.Helper()
	l := make(pipes)
	s := newServer(nil, Options{})
	web := &http.Server{Handler: s.serve(rt), ReadTimeout: 15 * time.Second, WriteTimeout: 45 * time.Second}
	go web.Serve(l)
	client, conn := net.Pipe()
	l <- conn
	begun := time.Now()
	go io.WriteString(client, request) // a pipe has no buffer; what is left is given up
	res, err := http.ReadResponse(bufio.NewReader(client), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	took := time.Since(begun)
	client.Close()
	close(l)
	web.Close()
	return res.Status + " " + string(body), took
}

// TestSlowBody sends the beginning of a body and no more.
func TestSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rt := route{limit: 10 * bodySpeed, do: func(w http.ResponseWriter, r *http.Request) error {
			_, err := readBody(r, maxSettings)
			return err
		}}
		answer, took := exchange(t, rt, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
		if want := bodyTime + 10*time.Second; took != want || !strings.Contains(answer, "400 Bad Request") || !strings.Contains(answer, "InvalidRequestContent") && !strings.Contains(answer, "ended early") {
			t.Errorf("after %s, want %s: %s", took, want, answer)
		}
	})
}

// TestLongAnswer has a function take longer than the server gives to others.
func TestLongAnswer(t *testing.T) {
	for _, request := range []string{
		"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
		"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	} {
		synctest.Test(t, func(t *testing.T) {
			rt := route{action: invokeAction, limit: maxSettings, do: func(w http.ResponseWriter, r *http.Request) error {
				if _, err := io.ReadAll(r.Body); err != nil {
					return err
				}
				select {
				case <-time.After(function.MaxTimeout):
				case <-r.Context().Done():
					t.Error("the request was ended")
				}
				_, err := io.WriteString(w, "at last")
				return err
			}}
			answer, took := exchange(t, rt, request)
			if answer != "200 OK at last" || took != function.MaxTimeout {
				t.Errorf("after %s: %s", took, answer)
			}
		})
	}
}
