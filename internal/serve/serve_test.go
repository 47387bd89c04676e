package serve

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// start serves h on a free port and returns its address, the switch that ends
// it, and what HTTP returns.
func start(t *testing.T, h http.Handler, health *Health) (addr string, stop func(), result <-chan error) {
	t.Helper()
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- HTTP(ctx, l, h, health) }()
	t.Cleanup(cancel)
	return l.Addr().String(), cancel, done
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

func TestAPortInUseIsOneSentence(t *testing.T) {
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_, err = Listen(t.Context(), l.Addr().String())
	want := "port " + port + " is in use by another program: choose another"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestAnAddressThatIsNoneIsOneSentence(t *testing.T) {
	for _, addr := range []string{"8080", ":port", ":99999", "203.0.113.7:80"} {
		_, err := Listen(t.Context(), addr)
		if err == nil || !strings.Contains(err.Error(), "choose another") {
			t.Errorf("%s: error %v, want advice", addr, err)
		}
	}
}

func TestRequestsThatHaveBegunAreFinished(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	addr, stop, result := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-finish
		io.WriteString(w, "done")
	}), nil)

	answer := make(chan string, 1)
	go func() {
		resp, err := http.Get("http://" + addr)
		if err != nil {
			answer <- err.Error()
			return
		}
		b, _ := io.ReadAll(resp.Body)
		answer <- string(b)
	}()
	<-begun
	stop()
	refused(t, addr)
	close(finish)
	if got := <-answer; got != "done" {
		t.Errorf("the request that had begun got %q, want done", got)
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// refused waits until nobody listens at addr.
func refused(t *testing.T, addr string) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return
		}
		c.Close()
	}
	t.Fatal("still listening after the end was asked for")
}

func TestWaitersHearOfTheEnd(t *testing.T) {
	begun := make(chan struct{})
	addr, stop, result := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(begun)
		<-Stopping(r.Context())
		io.WriteString(w, "pending")
	}), nil)
	go func() {
		<-begun
		stop()
	}()
	if _, got := get(t, "http://"+addr); got != "pending" {
		t.Errorf("got %q, want pending", got)
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
	if Stopping(t.Context()) != nil {
		t.Error("outside a server something is stopping")
	}
}

func TestAServerThatFailsSaysSo(t *testing.T) {
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := HTTP(t.Context(), l, http.NotFoundHandler(), nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("error %v, want that the listener is closed", err)
	}
}

func TestHealth(t *testing.T) {
	var down error
	health := &Health{Check: func(context.Context) error { return down }}
	if err := health.Err(t.Context()); err != nil {
		t.Errorf("with its dependencies: %v, want nil", err)
	}
	down = errors.New("no database")
	if err := health.Err(t.Context()); !errors.Is(err, down) {
		t.Errorf("without a dependency: %v, want %v", err, down)
	}
}

func TestNotReadyBeforeTheListenerCloses(t *testing.T) {
	health := &Health{Linger: 300 * time.Millisecond}
	ready := func(w http.ResponseWriter, r *http.Request) {
		if health.Err(r.Context()) != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	addr, stop, result := start(t, http.HandlerFunc(ready), health)
	if status, _ := get(t, "http://"+addr); status != 200 {
		t.Fatalf("ready is %d, want 200", status)
	}
	stop()
	for {
		if status, _ := get(t, "http://"+addr); status == 503 {
			break
		}
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
}

func TestHugeHeadersAreRefused(t *testing.T) {
	addr, _, _ := start(t, http.NotFoundHandler(), nil)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n", strings.Repeat("x", 64<<10))
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d, want 431", resp.StatusCode)
	}
}

func TestAHungRequestIsCutOff(t *testing.T) {
	begun, hang := make(chan struct{}), make(chan struct{})
	defer close(hang)
	l, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-begun
		cancel()
	}()
	client := make(chan error, 1)
	go func() {
		_, err := http.Get("http://" + l.Addr().String())
		client <- err
	}()
	err = run(ctx, l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(begun)
		<-hang
	}), nil, 50*time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "cut off") {
		t.Errorf("error %v, want that requests were cut off", err)
	}
	if <-client == nil {
		t.Error("the client got an answer, want a broken connection")
	}
}

func TestASlowClientIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		l := &pipe{conn: make(chan net.Conn, 1)}
		l.conn <- theirs
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- HTTP(ctx, l, http.NotFoundHandler(), nil) }()
		begun := time.Now()
		fmt.Fprint(ours, "GET / HTTP/1.1\r\nHost: x\r\n") // and never the empty line
		if _, err := io.ReadAll(ours); err != nil {
			t.Error(err)
		}
		if took := time.Since(begun); took != readHeaderTimeout {
			t.Errorf("the connection was open for %s, want %s", took, readHeaderTimeout)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		ours.Close()
	})
}

// Prefer: wait=30 has a client wait for its answer longer than it may take to
// send its request.
func TestAnAnswerMayTakeHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		l := &pipe{conn: make(chan net.Conn, 1)}
		l.conn <- theirs
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			done <- HTTP(ctx, l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				select {
				case <-r.Context().Done():
				case <-time.After(30 * time.Second):
					io.WriteString(w, "waited")
				}
			}), nil)
		}()
		fmt.Fprint(ours, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(ours), nil)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(resp.Body); string(b) != "waited" {
			t.Errorf("got %q, %v; want an answer after half a minute", b, err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		ours.Close()
	})
}

// A pipe is a listener with one connection, in memory, where a test may have
// the time pass at once.
type pipe struct {
	conn chan net.Conn
	once sync.Once
}

func (p *pipe) Accept() (net.Conn, error) {
	c, ok := <-p.conn
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p *pipe) Close() error {
	p.once.Do(func() { close(p.conn) })
	return nil
}

func (p *pipe) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// Whoever starts a server may open its port first and leave it to it.
func TestAnInheritedListenerServes(t *testing.T) {
	opened, err := Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	f, err := opened.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	inherited, err := syscall.Dup(int(f.Fd())) // closed by Listen
	if err != nil {
		t.Fatal(err)
	}
	l, err := Listen(t.Context(), fmt.Sprintf("fd:%d", inherited))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- HTTP(ctx, l, http.NotFoundHandler(), nil) }()
	if status, _ := get(t, "http://"+opened.Addr().String()); status != http.StatusNotFound {
		t.Errorf("status %d, want 404", status)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if _, err := Listen(t.Context(), "fd:x"); err == nil {
		t.Error("fd:x was listened on")
	}
}
