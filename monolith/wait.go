package main

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"triptych/internal/serve"
)

// news tells those who wait for a thing that it has changed. It is enough that
// it lives in memory: whoever changes things here is in this process too.
type news struct {
	mu      sync.Mutex
	waiting map[uuid.UUID][]chan struct{}
}

func newNews() *news { return &news{waiting: map[uuid.UUID][]chan struct{}{}} }

// about returns a channel that is closed at the next change of a thing, and
// the function that stops listening.
func (n *news) about(id uuid.UUID) (changed <-chan struct{}, stop func()) {
	c := make(chan struct{})
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waiting[id] = append(n.waiting[id], c)
	return c, func() { n.forget(id, c) }
}

func (n *news) forget(id uuid.UUID, c chan struct{}) {
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

// changed wakes everybody who waits for a thing.
func (n *news) changed(id uuid.UUID) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.waiting[id] {
		close(c)
	}
	delete(n.waiting, id)
}

// await reads a thing until it is final, again after each change of it, for at
// most wait or until the server is about to end; then it returns the thing as it
// is.
func await[T any](ctx context.Context, n *news, id uuid.UUID, wait time.Duration, read func() (v T, final bool, err error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		changed, stop := n.about(id) // before reading, so that no change is missed
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

// turns lets one at a time do things under the same key.
type turns struct {
	mu    sync.Mutex
	taken map[string]chan struct{}
}

func newTurns() *turns { return &turns{taken: map[string]chan struct{}{}} }

// take waits for the turn of a key and returns the function that passes it on.
func (t *turns) take(ctx context.Context, key string) (done func(), err error) {
	for {
		t.mu.Lock()
		ahead, busy := t.taken[key]
		if !busy {
			mine := make(chan struct{})
			t.taken[key] = mine
			t.mu.Unlock()
			return func() {
				t.mu.Lock()
				defer t.mu.Unlock()
				delete(t.taken, key)
				close(mine)
			}, nil
		}
		t.mu.Unlock()
		select {
		case <-ahead:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
