package turns

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestOneAtATimePerKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := New()
		var all sync.WaitGroup
		began := time.Now()
		inside := map[string]int{}
		var mu sync.Mutex
		count := func(key string, n int) int {
			mu.Lock()
			defer mu.Unlock()
			inside[key] += n
			return inside[key]
		}
		for _, key := range []string{"a", "a", "a", "b"} {
			all.Go(func() {
				done, err := turns.Take(t.Context(), key)
				if err != nil {
					t.Error(err)
					return
				}
				defer done()
				if n := count(key, 1); n != 1 {
					t.Errorf("%d have the turn of %s", n, key)
				}
				time.Sleep(time.Second)
				count(key, -1)
			})
		}
		all.Wait()
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("it took %v, want 3 s: those of one key after each other, and nobody else waits", took)
		}
		if len(turns.taken) > 0 {
			t.Errorf("%d keys are remembered", len(turns.taken))
		}
	})
}

func TestWaitingForATurnEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := New()
		done, _ := turns.Take(t.Context(), "a")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := turns.Take(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want that the time is over", err)
		}
		done()
		again, err := turns.Take(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		again()
	})
}
