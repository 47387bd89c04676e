package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"triptych/faas/function"
)

// gated is a body that is whole once goOn is closed.
func gated(begun *atomic.Int32, goOn chan struct{}, size int) io.Reader {
	first := readFunc(func([]byte) (int, error) { begun.Add(1); <-goOn; return 0, io.EOF })
	return io.MultiReader(first, strings.NewReader(strings.Repeat(" ", size-2)+"{}"))
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(b []byte) (int, error) { return f(b) }

// post sends a body of that size to a route.
func post(h http.Handler, body io.Reader, size int) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "http://localhost/", body)
	r.ContentLength = int64(size)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// TestBodiesTakeTurns has more clients send bodies than there is room for: the
// others are not read yet, and those that find no room in time are told to come
// again. Small ones pass by.
func TestBodiesTakeTurns(t *testing.T) {
	for _, c := range []struct {
		name                string
		limit, size, atOnce int
	}{
		{"the largest code", maxCode, maxCode, 1},
		{"code", maxCode, maxCode / 5, 5},
		{"events", function.MaxSyncPayload, function.MaxSyncPayload, 21},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newServer(nil, Options{}).serve(route{action: "*", limit: c.limit, do: func(http.ResponseWriter, *http.Request) error { return nil }})
			var begun atomic.Int32
			goOn := make(chan struct{})
			var all sync.WaitGroup
			send := func(n int) {
				for range n {
					all.Go(func() {
						if w := post(h, gated(&begun, goOn, c.size), c.size); w.Code != http.StatusOK {
							t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
						}
					})
				}
				synctest.Wait()
			}
			send(c.atOnce)
			if w := post(h, strings.NewReader("{}"), 2); w.Code != http.StatusOK {
				t.Errorf("%s: a small body: %d %s", c.name, w.Code, w.Body)
			}
			came := time.Now()
			w := post(h, strings.NewReader(strings.Repeat(" ", c.size)), c.size)
			if w.Code != http.StatusTooManyRequests || time.Since(came) != roomTime || w.Header().Get("X-Amzn-Errortype") != "TooManyRequestsException" ||
				w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), `"CallerRateLimitExceeded"`) {
				t.Errorf("%s: one too many, after %s: %d %v %s", c.name, time.Since(came), w.Code, w.Header(), w.Body)
			}
			send(3) // who wait, until the others are done
			if n := int(begun.Load()); n != c.atOnce {
				t.Errorf("%s: %d bodies are read at a time, want %d", c.name, n, c.atOnce)
			}
			close(goOn)
			all.Wait()
		})
	}
}

// TestCodeIsHeldUntilItIsKept lets the next upload in when this one is done, and
// the next event when that one is read: it may run for long.
func TestCodeIsHeldUntilItIsKept(t *testing.T) {
	for _, c := range []struct {
		limit int
		held  bool
	}{{maxCode, true}, {function.MaxSyncPayload, false}} {
		s := newServer(nil, Options{})
		rt := route{action: "*", limit: c.limit, do: func(http.ResponseWriter, *http.Request) error {
			if free := s.uploads.TryAcquire(maxUploads) && s.bodies.TryAcquire(maxBodies); free == c.held {
				t.Errorf("a body of at most %d bytes: free is %v while it is worked on", c.limit, free)
			}
			return nil
		}}
		post(s.serve(rt), bytes.NewReader(make([]byte, c.limit)), c.limit)
	}
}

// TestBodiesOfURLsTakeTurns is the same of what stands beside the API.
func TestBodiesOfURLsTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGate(nil, Options{})
		r := httptest.NewRequest("POST", "/", strings.NewReader("{}"))
		r.ContentLength = function.MaxSyncPayload
		var leave func()
		for range maxBodies / function.MaxSyncPayload {
			var err error
			if leave, err = g.Enter(r); err != nil {
				t.Fatal(err)
			}
		}
		var e *function.Error
		if _, err := g.Enter(r); !errors.As(err, &e) || e.Status != http.StatusTooManyRequests {
			t.Errorf("one too many: %v", err)
		}
		leave()
		if _, err := g.Enter(r); err != nil {
			t.Errorf("with room again: %v", err)
		}
	})
}

func TestARoomIsWaitedForSoLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newRoom(10, roomTime)
		leave, err := m.enter(t.Context(), 8)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		_, err = m.enter(t.Context(), 3)
		var e *function.Error
		if !errors.As(err, &e) || e.Status != http.StatusTooManyRequests || time.Since(begun) != roomTime {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := m.enter(ctx, 3); !errors.Is(err, context.DeadlineExceeded) || errors.As(err, &e) && e.Status == http.StatusTooManyRequests {
			t.Errorf("one that has gone: %v", err)
		}
		time.AfterFunc(time.Second, leave)
		begun = time.Now()
		if _, err := m.enter(t.Context(), 10); err != nil || time.Since(begun) != time.Second {
			t.Errorf("with room again after %s: %v", time.Since(begun), err)
		}
	})
}
