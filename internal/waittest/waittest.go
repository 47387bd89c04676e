// Package waittest lets tests wait for what goes on beside them, in other
// goroutines and in other processes.
package waittest

import (
	"context"
	"testing"
	"time"
)

// limit is long: what comes is noticed at once, and machines are busy.
const limit = 2 * time.Minute

// Until waits until something is so. When it does not come about, t ends.
func Until(t testing.TB, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}

// Beside runs f until t ends. Its error is one of t's.
func Beside(t testing.TB, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
