package stats

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"triptych/faas/function"
)

// A Run is one invocation, as it is counted.
type Run struct {
	Cold     bool
	Failed   bool
	TimedOut bool
	Duration time.Duration // of the function
	Answer   time.Duration // from the event's arrival at the runner to its answer
	Init     time.Duration // when cold
	Billed   time.Duration
	Memory   int // MB, that it may use
	Peak     int // MB, that its process has held at most
}

// A Counter counts the invocations of one version of a function. It may be used
// from several goroutines.
type Counter struct {
	ledger        *Ledger
	name, version string
	changed       atomic.Bool // since it was written

	mu sync.Mutex // guards the rest; held for less than a microsecond
	sums
}

// sums are what is kept on disk.
type sums struct {
	Since       time.Time
	Invocations uint64
	Errors      uint64
	Timeouts    uint64
	Throttles   uint64
	Failures    uint64
	ColdStarts  uint64
	Billed      uint64 // milliseconds × MB
	Peak        int    // MB
	Duration    histogram
	Answer      histogram
	Init        histogram
}

// Ran counts an invocation that ran, whether it went well or not.
func (c *Counter) Ran(r Run) {
	c.mu.Lock()
	c.Invocations++
	if r.Failed {
		c.Errors++
	}
	if r.TimedOut {
		c.Timeouts++
	}
	if r.Cold {
		c.ColdStarts++
		c.Init.add(r.Init)
	}
	c.Billed += uint64(r.Billed.Milliseconds()) * uint64(r.Memory)
	c.Peak = max(c.Peak, r.Peak)
	c.Duration.add(r.Duration)
	c.Answer.add(r.Answer)
	c.mu.Unlock()
	c.touch()
}

// Refused counts an event that did not run, for the reason given: a throttle,
// or something that is broken. What was the caller's mistake, and callers who
// have gone, are not counted.
func (c *Counter) Refused(why *function.Error) {
	throttled := why.Status == http.StatusTooManyRequests
	if !throttled && why.Status < http.StatusInternalServerError {
		return
	}
	c.mu.Lock()
	if throttled {
		c.Throttles++
	} else {
		c.Failures++
	}
	c.mu.Unlock()
	c.touch()
}

// touch has the counter written soon.
func (c *Counter) touch() {
	if !c.changed.Load() && c.changed.CompareAndSwap(false, true) {
		c.ledger.later()
	}
}

// look returns the sums as they are now.
func (c *Counter) look() sums {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.sums
	s.Duration, s.Answer, s.Init = s.Duration.clone(), s.Answer.clone(), s.Init.clone()
	return s
}
