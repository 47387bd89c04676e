package api

import (
	"context"
	"net/http"
	"time"

	"golang.org/x/sync/semaphore"

	"triptych/faas/function"
)

// What is held of requests at a time, over all clients, in bytes: a connection
// costs its client nothing, and what it sends costs memory here.
const (
	maxUploads = maxCode   // of requests with code, until the code is on disk: one of the largest, or several
	maxBodies  = 128 << 20 // of others, until they are read; what runs then is bounded by the concurrency

	// maxHeld is of what one function sends, until it is known that it was the
	// function.
	maxHeld = 64 << 20

	// small is what is not counted: most requests are no larger.
	small = 64 << 10
)

// roomTime is how long a request waits until there is room for its body.
const roomTime = 30 * time.Second

// A room bounds the bytes that are held at a time.
type room struct {
	*semaphore.Weighted
	wait time.Duration // until a request is sent away; 0 is as long as it stays
}

func newRoom(bytes int64, wait time.Duration) *room { return &room{semaphore.NewWeighted(bytes), wait} }

// enter waits until there is room for so many bytes; leave makes room for the
// next, and must be called. When there was none in time the error is a
// TooManyRequestsException, after which official clients try again.
func (m *room) enter(ctx context.Context, size int64) (leave func(), err error) {
	if !m.TryAcquire(size) {
		waiting := ctx
		if m.wait > 0 {
			var cancel context.CancelFunc
			waiting, cancel = context.WithTimeout(ctx, m.wait)
			defer cancel()
		}
		if err := m.Acquire(waiting, size); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, function.Throttled(function.CallerRateLimit)
		}
	}
	return func() { m.Release(size) }, nil
}

func free() {}

// enter waits until a request's body may be read. A function has room of its
// own, so that it takes none from the others.
func (s *server) enter(r *http.Request, rt route, by caller) (leave func(), err error) {
	size := int64(rt.limit)
	if n := r.ContentLength; n >= 0 && n < size {
		size = n
	}
	switch {
	case by.function != "":
		m, ok := s.held.Load(by.function)
		if !ok {
			m, _ = s.held.LoadOrStore(by.function, newRoom(maxHeld, 0))
		}
		return m.(*room).enter(r.Context(), size)
	case size <= small:
		return free, nil
	case rt.limit >= maxCode:
		return s.uploads.enter(r.Context(), size)
	}
	return s.bodies.enter(r.Context(), size)
}
