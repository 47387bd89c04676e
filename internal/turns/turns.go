// Package turns lets those who want to do something under the same key do it one
// after the other, in this process.
package turns

import (
	"context"
	"sync"
)

// Turns lets one at a time do things under the same key.
type Turns struct {
	mu    sync.Mutex
	taken map[string]chan struct{}
}

// New returns turns that nobody has yet.
func New() *Turns { return &Turns{taken: map[string]chan struct{}{}} }

// Take waits for the turn of a key and returns the function that passes it on.
func (t *Turns) Take(ctx context.Context, key string) (done func(), err error) {
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
