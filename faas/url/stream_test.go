package url_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"triptych/faas/api"
	"triptych/faas/registry"
	"triptych/internal/waittest"
)

// A gate is where a function waits in the middle of its answer.
type gate struct {
	*httptest.Server
	open chan struct{}
}

func newGate(t *testing.T) *gate {
	g := &gate{open: make(chan struct{})}
	g.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-g.open:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(g.Close)
	return g
}

// begun sends a request and reads the first part of its answer.
func (l *lab) begun(id, path string, g *gate) (*http.Response, func() (string, error)) {
	l.Helper()
	r, err := http.NewRequestWithContext(l.Context(), http.MethodGet, "http://"+l.web.Listener.Addr().String()+path+"?gate="+g.URL, nil)
	if err != nil {
		l.Fatal(err)
	}
	r.Host = l.host(id)
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { res.Body.Close() })
	first := make([]byte, len("first,"))
	if _, err := io.ReadFull(res.Body, first); err != nil || string(first) != "first," {
		l.Fatalf("the first part is %q, %v", first, err)
	}
	return res, func() (string, error) {
		rest, err := io.ReadAll(res.Body)
		return string(rest), err
	}
}

var streaming = registry.URL{Mode: registry.ResponseStream}

// TestStream reads an answer while the function is still writing it.
func TestStream(t *testing.T) {
	l, g := newLab(t, api.Options{}), newGate(t)
	id := l.function("web", streaming)
	res, rest := l.begun(id, "/", g)
	if res.StatusCode != 200 || res.Header.Get("X-Amzn-Requestid") == "" || !strings.HasPrefix(res.Header.Get("X-Amzn-Trace-Id"), "Root=1-") {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	close(g.open) // which the function would wait for for ever, had we to
	if got, err := rest(); got != "second" || err != nil {
		t.Errorf("the rest is %q, %v", got, err)
	}
	got := l.send(id, "POST /a?b=c HTTP/1.1\nHost: HOST\nCookie: d=e\n\nbody")
	l.answers(got, http.StatusTeapot, "POST https://"+id+".lambda-url.us-east-1.localhost/a?b=c d=e body")
	if got.Header.Get("Content-Type") != "text/plain" || len(got.Header["Set-Cookie"]) != 2 {
		t.Errorf("%v", got.Header)
	}
	l.answers(l.send(id, "HEAD / HTTP/1.1\nHost: HOST\n\n"), http.StatusTeapot, "")
}

// TestStreamOfBytes has functions answer that are no web servers.
func TestStreamOfBytes(t *testing.T) {
	l := newLab(t, api.Options{})
	id := l.function("stream", streaming)
	got := l.send(id, "GET /bytes HTTP/1.1\nHost: HOST\n\n")
	l.answers(got, 200, "plain bytes")
	if kind := got.Header.Get("Content-Type"); kind != "application/octet-stream" {
		t.Errorf("the content type is %q", kind)
	}
	for _, path := range []string{"/fail", "/empty"} {
		l.answers(l.send(id, "GET "+path+" HTTP/1.1\nHost: HOST\n\n"), 502, "Internal Server Error")
	}
	event := l.function("event", streaming) // which is a body like any other
	if got := l.event(l.send(event, "GET / HTTP/1.1\nHost: HOST\n\n")); got.RequestContext.APIID != event {
		t.Errorf("%+v", got)
	}
	none := l.function("web", streaming, func(f *registry.Function) { f.Reserved = new(int) })
	l.answers(l.send(none, "GET / HTTP/1.1\nHost: HOST\n\n"), 429, `{"Message":"Rate Exceeded."}`)
}

// TestBrokenOff has functions end in the middle of their answer: it must not
// look whole.
func TestBrokenOff(t *testing.T) {
	l := newLab(t, api.Options{})
	id := l.function("web", streaming, func(f *registry.Function) { f.Latest.Timeout = 6 * time.Second })
	for _, path := range []string{"/exit", "/sleep"} {
		g := newGate(t)
		_, rest := l.begun(id, path, g)
		close(g.open)
		if got, err := rest(); got != "" || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: the rest is %q, %v; want that it is missing", path, got, err)
		}
	}
}

// TestBrokenOffForOldClients ends in the middle for who takes the end of the
// connection for that of the answer.
func TestBrokenOffForOldClients(t *testing.T) {
	l := newLab(t, api.Options{})
	id := l.function("web", streaming)
	for path, whole := range map[string]bool{"/": true, "/exit": false} {
		g := newGate(t)
		c, err := net.Dial("tcp", l.web.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.WriteString(c, "GET "+path+"?gate="+g.URL+" HTTP/1.0\r\nHost: "+l.host(id)+"\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if _, err := io.ReadFull(res.Body, make([]byte, len("first,"))); err != nil {
			t.Fatal(err)
		}
		close(g.open)
		rest, err := io.ReadAll(res.Body)
		if whole && (err != nil || string(rest) != "second") || !whole && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%s: the rest is %q, %v", path, rest, err)
		}
	}
}

// TestSlowClient does not read what a function writes: that must wait, until it
// is too slow, and not fill the runner's memory.
func TestSlowClient(t *testing.T) {
	l, g := newLab(t, api.Options{}), newGate(t)
	id := l.function("web", streaming, func(f *registry.Function) { f.Latest.Timeout = 2 * time.Second })
	close(g.open)
	c, err := net.Dial("tcp", l.web.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET /large?gate="+g.URL+" HTTP/1.1\r\nHost: "+l.host(id)+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(c)
	if _, err := in.ReadString('\n'); err != nil { // and then nothing more
		t.Fatal(err)
	}
	waittest.Until(t, "the client is not waited for any more", func() bool { return l.serving.Load() == 0 })
	n, err := io.Copy(io.Discard, in)
	if n > 50<<20 {
		t.Errorf("the runner has held %d MB (%v)", n>>20, err)
	}

	// One that reads gets all of it.
	patient := l.function("web", streaming, func(f *registry.Function) { f.Latest.Timeout = 5 * time.Minute })
	res, rest := l.begun(patient, "/large", g)
	if got, err := rest(); len(got) != 100<<20+len("second") || err != nil {
		t.Errorf("%d: %d bytes, %v", res.StatusCode, len(got), err)
	}
}

// TestGoneWhileStreaming goes away in the middle: the function goes on, and
// nothing of it is kept.
func TestGoneWhileStreaming(t *testing.T) {
	l, g := newLab(t, api.Options{}), newGate(t)
	id := l.function("web", streaming)
	res, _ := l.begun(id, "/large", g)
	res.Body.Close()
	close(g.open)
	waittest.Until(t, "the function is at its end", func() bool {
		for _, c := range l.runner.Counts() {
			if c.UnderWay == 0 && c.Idle == 1 {
				return true
			}
		}
		return false
	})
}
