package url_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"triptych/faas/api"
	"triptych/faas/registry"
	"triptych/faas/url"
)

// TestHalfRequest has a client stop in the middle of a body, and wait: it must
// not take that for a success.
func TestHalfRequest(t *testing.T) {
	l := newLab(t, api.Options{})
	id := l.function("told", registry.URL{})
	c, err := net.Dial("tcp", l.web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "POST / HTTP/1.1\r\nHost: "+l.host(id)+"\r\nContent-Length: 10\r\n\r\nhalf"); err != nil {
		t.Fatal(err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	l.answers(response{res, string(body)}, 400, `{"Message":"the body of the request ended early"}`)
}

// TestNoBody has a function write more than its status allows, which is thrown
// away: the answer is whole, and the connection good for the next.
func TestNoBody(t *testing.T) {
	l := newLab(t, api.Options{})
	id := l.function("web", streaming)
	c, err := net.Dial("tcp", l.web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for range 2 {
		if _, err := io.WriteString(c, "GET /nothing HTTP/1.1\r\nHost: "+l.host(id)+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusNoContent {
			t.Errorf("answered with %d", res.StatusCode)
		}
	}
}

// A dated writer knows until when its client may read.
type dated struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (d *dated) SetWriteDeadline(t time.Time) error {
	d.until = t
	return nil
}

// TestSlowReader sees that an answer is held for a client for as long as reading
// it may take, and not for as long as functions may.
func TestSlowReader(t *testing.T) {
	l := newLab(t, api.Options{})
	id := l.function("event", registry.URL{})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.host(id)+"/", nil)
	w := &dated{ResponseRecorder: httptest.NewRecorder()}
	url.Handler(l.runner, api.Options{}).ServeHTTP(w, r)
	if left := time.Until(w.until); w.Code != 200 || w.until.IsZero() || left > time.Minute {
		t.Errorf("answered with %d, and has %s to read it", w.Code, left)
	}
}
