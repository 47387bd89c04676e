package runner

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Memory is given back once after work, however much there was of it, and not
// during it.
func TestMemoryIsGivenBackWhenThereIsNoWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var freed atomic.Int64
		q := quiet{free: func() { freed.Add(1) }}
		given := func() int {
			synctest.Wait()
			return int(freed.Load())
		}
		for round := range 3 {
			for range 100 { // for longer than it takes to be quiet
				q.work(time.Now())
				time.Sleep(quietAfter / 10)
			}
			if n := given(); n != round {
				t.Fatalf("given back %d times while there was work, want %d", n, round)
			}
			time.Sleep(10 * quietAfter)
			if n := given(); n != round+1 {
				t.Fatalf("given back %d times, want %d", n, round+1)
			}
		}
		q.work(time.Now())
		q.close()
		time.Sleep(10 * quietAfter)
		if given() != 3 {
			t.Error("given back after the end")
		}
	})
}
