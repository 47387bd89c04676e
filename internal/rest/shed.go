package rest

import "sync/atomic"

// A Limiter bounds how many requests are handled at once. Each class of
// requests has a bound of its own, so that when the machine is too small for
// what is asked of it, one class is shed before another.
type Limiter struct {
	bounds  []int64
	running []atomic.Int64
}

// NewLimiter returns a limiter with one class per bound.
func NewLimiter(bounds ...int64) *Limiter {
	return &Limiter{bounds, make([]atomic.Int64, len(bounds))}
}

// Enter counts a request of a class in and returns the function that counts it
// out, or reports false: shed it.
func (l *Limiter) Enter(class int) (leave func(), ok bool) {
	running := &l.running[class]
	if running.Add(1) > l.bounds[class] {
		running.Add(-1)
		return nil, false
	}
	return func() { running.Add(-1) }, true
}
