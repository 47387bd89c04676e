package poller

import (
	"time"

	"triptych/faas/mapping"
)

// Conditions under which records are given up, as AWS's records name them.
const (
	exhausted = "RetryAttemptsExhausted"
	tooOld    = "RecordAgeExceeded"
	tooLarge  = "MaximumPayloadSizeExceeded"
)

// A portion is records, in order, that are delivered together.
type portion struct {
	records  []record
	due      time.Time
	runs     int // of the function, with them among its records
	failures int // of those, that count as tries
	refusals int // in a row: the function did not run
	last     *last
}

// last is what the last try of a portion came to.
type last struct {
	id      string // of the request
	status  int    // of HTTP
	version string
	failed  string // Unhandled; or the type of an exception
}

// A verdict says what is next, of the records of a portion in order: some are
// done, the next are given up, the rest is delivered, again or in smaller portions.
type verdict struct {
	done      int     // records
	aside     portion // whose records come next; without any, nothing is given up
	condition string  // under which that is
	rest      []portion
	wait      time.Duration // before the rest
}

// rules are what a mapping says of failures.
type rules struct {
	retries int // or mapping.Forever
	bisect  bool
	maxAge  time.Duration // 0 is any
	waits   Waits
}

func rulesOf(m *mapping.Mapping, w Waits) rules {
	return rules{retries: m.Limit(), bisect: m.Bisect, maxAge: m.MaxAge, waits: w}
}

// before says what is to be done without trying: nothing when ok. Records that
// are too old are not given to the function any more.
func (r rules) before(p portion, now time.Time) (v verdict, ok bool) {
	if r.maxAge == 0 {
		return v, true
	}
	old := func(i int) bool { return now.Sub(p.records[i].time) > r.maxAge }
	n := 1
	for n < len(p.records) && old(n) == old(0) {
		n++
	}
	switch {
	case old(0):
		return verdict{aside: p.split(n)[0], condition: tooOld, rest: p.from(n)}, false
	case n < len(p.records):
		return verdict{rest: p.split(n)}, false
	}
	return v, true
}

// refused says what is next when the function did not run: the same again.
func (r rules) refused(p portion) verdict {
	p.refusals++
	return verdict{rest: []portion{p}, wait: r.waits.after(p.refusals)}
}

// ran says what is next when the function ran, and all records below failed are
// done.
func (r rules) ran(p portion, failed int) verdict {
	p.runs, p.refusals = p.runs+1, 0
	if failed == len(p.records) {
		return verdict{done: failed}
	}
	if r.bisect && failed == 0 && len(p.records) > 1 {
		return verdict{rest: p.split(len(p.records) / 2), wait: r.waits.First} // which does not count as a try
	}
	if failed > 0 {
		p.failures = 0 // what was tried so often is done
	}
	p.records = p.records[failed:]
	p.failures++
	if r.retries != mapping.Forever && p.failures > r.retries {
		return verdict{done: failed, aside: p, condition: exhausted}
	}
	return verdict{done: failed, rest: []portion{p}, wait: r.waits.after(p.failures)}
}

// oversized says what is next when the records are more than a payload holds, of
// which only one alone can be too large. Without end it can be tried again, but
// not with success.
func (r rules) oversized(p portion) verdict {
	if r.retries == mapping.Forever {
		return r.refused(p)
	}
	return verdict{aside: p, condition: tooLarge}
}

// split makes two portions of one, the first with n records.
func (p portion) split(n int) []portion {
	head, tail := p, p
	head.records, tail.records = p.records[:n:n], p.records[n:]
	return []portion{head, tail}
}

// from is the portion without its first n records, if there is more.
func (p portion) from(n int) []portion {
	if n == len(p.records) {
		return nil
	}
	return p.split(n)[1:]
}
