package runner

import (
	"sync"
	"sync/atomic"
	"time"
)

// quietAfter is how long nothing has happened when the runner gives memory
// back. Go does that by itself too, in minutes.
const quietAfter = 3 * time.Second

// Quiet has the memory that work has left behind given back to the machine
// once there is none any more: a runner at zero should take next to nothing.
type quiet struct {
	free  func()       // gives it back
	last  atomic.Int64 // Unix nanoseconds of the last sign of work
	armed atomic.Bool

	mu     sync.Mutex
	timer  *time.Timer
	closed bool
}

// work is a sign of it.
func (q *quiet) work(now time.Time) {
	q.last.Store(now.UnixNano())
	if q.armed.CompareAndSwap(false, true) {
		q.look(quietAfter)
	}
}

// look looks again after a while.
func (q *quiet) look(after time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.timer = time.AfterFunc(after, q.judge)
	}
}

func (q *quiet) judge() {
	if left := quietAfter - time.Since(time.Unix(0, q.last.Load())); left > 0 {
		q.look(left)
		return
	}
	q.armed.Store(false)
	q.free()
}

func (q *quiet) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	if q.timer != nil {
		q.timer.Stop()
	}
}
