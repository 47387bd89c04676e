// Package news lets requests wait for something to happen to a thing, in this
// process, instead of asking again and again.
package news

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"triptych/internal/serve"
)

// News tells those who wait for a thing that it has changed. It lives in memory:
// whoever changes the things must be in this process too.
type News struct {
	mu      sync.Mutex
	waiting map[uuid.UUID][]chan struct{}
}

// New returns news of nothing yet.
func New() *News { return &News{waiting: map[uuid.UUID][]chan struct{}{}} }

// About returns a channel that is closed at the next change of a thing, and
// the function that stops listening.
func (n *News) About(id uuid.UUID) (changed <-chan struct{}, stop func()) {
	c := make(chan struct{})
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waiting[id] = append(n.waiting[id], c)
	return c, func() { n.forget(id, c) }
}

func (n *News) forget(id uuid.UUID, c chan struct{}) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, other := range n.waiting[id] {
		if other == c {
			n.waiting[id] = append(n.waiting[id][:i], n.waiting[id][i+1:]...)
			break
		}
	}
	if len(n.waiting[id]) == 0 {
		delete(n.waiting, id)
	}
}

// Changed wakes everybody who waits for a thing.
func (n *News) Changed(id uuid.UUID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.waiting[id] {
		close(c)
	}
	delete(n.waiting, id)
}

// Await reads a thing until it is final, again after each change of it, for at
// most wait or until the server is about to end; then it returns the thing as it
// is.
func Await[T any](ctx context.Context, n *News, id uuid.UUID, wait time.Duration, read func() (v T, final bool, err error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		changed, stop := n.About(id) // before reading, so that no change is missed
		v, final, err := read()
		if err != nil || final || wait == 0 {
			stop()
			return v, err
		}
		select {
		case <-changed:
			continue
		case <-ctx.Done():
		case <-serve.Stopping(ctx):
		}
		stop()
		return v, nil
	}
}
