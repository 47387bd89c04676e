package async

import (
	"net/http"
	"time"

	"triptych/faas/function"
)

// Conditions under which an event ends, as AWS's records name them.
const (
	Success          = "Success"
	RetriesExhausted = "RetriesExhausted" // also of an event that no try can help
	EventAgeExceeded = "EventAgeExceeded"
	ZeroConcurrency  = "ZeroReservedConcurrency"
)

// A verdict is what is to be done with an event: it ends under a condition, or
// is tried again.
type verdict struct {
	condition string    // empty is: again
	due       time.Time // when again
}

func (v verdict) ends() bool { return v.condition != "" }

// before says whether an event ends without being tried (again).
func (e *entry) before(s Settings, now time.Time) verdict {
	switch {
	case s.ZeroReserved:
		return verdict{condition: ZeroConcurrency}
	case !now.Before(e.deadline(s)):
		return verdict{condition: EventAgeExceeded}
	}
	return verdict{}
}

func (e *entry) deadline(s Settings) time.Time { return e.Event.Accepted.Add(s.age()) }

// ran notes that the function ran, and says what is next.
func (e *entry) ran(w Waits, s Settings, r Result, now time.Time) verdict {
	e.Runs++
	e.Throttles = 0
	e.Last = &response{Status: r.Status, Version: r.ExecutedVersion, Error: r.FunctionError, Payload: r.Payload, Trace: r.TraceID}
	if r.FunctionError == "" {
		return verdict{condition: Success}
	}
	if e.Runs > s.retries() {
		return verdict{condition: RetriesExhausted}
	}
	wait := w.First
	if e.Runs > 1 {
		wait = w.Second
	}
	// As recorded on AWS, an event that would be too old at its next try ends
	// now.
	due := now.Add(wait)
	if due.After(e.deadline(s)) {
		return verdict{condition: EventAgeExceeded}
	}
	return verdict{due: due}
}

// refused notes that the function was not run, and says what is next.
func (e *entry) refused(w Waits, s Settings, err *function.Error, now time.Time) verdict {
	e.Last = &response{Status: err.Status, Message: err.Message}
	if !passes(err.Status) {
		e.Last.Recursed = err.Type == function.Recursive().Type
		if err.Status == http.StatusNotFound {
			e.Runs++ // AWS counts it
		} else {
			e.Last.Error = err.Type
		}
		return verdict{condition: RetriesExhausted}
	}
	if s.ZeroReserved {
		e.Last = nil
		return verdict{condition: ZeroConcurrency}
	}
	e.Throttles++
	due := now.Add(w.throttled(e.Throttles))
	if d := e.deadline(s); due.After(d) {
		due = d
	}
	return verdict{due: due}
}

// passes tells whether a refusal may be none the next time: a throttle, a
// version whose code is not at hand yet, something that is broken.
func passes(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusConflict || status >= http.StatusInternalServerError
}

// throttled is the wait after the nth throttle.
func (w Waits) throttled(n int) time.Duration {
	wait := w.Throttled
	for range n - 1 {
		if wait >= w.ThrottledLimit {
			break
		}
		wait *= 2
	}
	return min(wait, w.ThrottledLimit)
}
