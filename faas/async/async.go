// Package async keeps the events that were accepted with 202 and delivers them
// later, each at least once, over any crash of the runner.
//
// An event is on disk before it is accepted. It leaves the disk in the
// transaction that records what became of it: nothing more to do, an event for
// the function that is its destination, or a message in a queue. So nothing is
// lost and nothing is doubled, except that a crash between the end of a
// delivery and its transaction has the event delivered again.
//
// The order of events is not promised. A function that is slow or throttled
// holds back no other: each has its own lane, and of what is queued only one
// time per lane is in memory.
//
// Source of all rules: AWS Lambda Developer Guide, "Invoking a Lambda function
// asynchronously", and the records of it in the function contract, 1.6.
package async

import (
	"context"
	"time"

	"triptych/faas/function"
)

// An Event is one asynchronous invocation.
type Event struct {
	ID       string       // the request id, a UUID, the same at every try
	Ref      function.Ref // as it was asked for
	Payload  []byte       // JSON, at most function.MaxAsyncPayload bytes
	Accepted time.Time    // zero is now
	TraceID  string       // the caller's X-Amzn-Trace-Id; the hops are in its lineage
	Tenant   string
	Attempt  int // 1 at the first delivery; set by the queue

	// Set by the queue for each delivery.
	Due    time.Time `json:"-"` // when it was to be delivered
	Before string    `json:"-"` // the trace header of the run before; empty when it has not run
}

// A Result is what became of an event that reached its function.
type Result struct {
	Status          int    // of HTTP: 200
	FunctionError   string // empty says that it went well
	Payload         []byte
	ExecutedVersion string
	TraceID         string // the header that the function was given; empty says that it is the event's
}

// An Invoker delivers one event, the runner that is. The context ends when Run's
// does: the invoker may then finish the event or give it up with an error, which
// keeps it for the next start. The error is a *function.Error: 429, 409 of a
// version that cannot be run yet, and 5xx are tried again with growing waits until
// the event is too old, all others end the event.
type Invoker interface {
	InvokeEvent(context.Context, Event) (Result, error)
}

// Settings are what a function says about its events. The zero Settings are
// Lambda's defaults.
type Settings struct {
	MaximumRetryAttempts *int          // after a function error, 0 to 2; nil is 2
	MaximumEventAge      time.Duration // 1 minute to 6 hours; 0 is 6 hours
	OnSuccess, OnFailure string        // ARNs that CheckTarget takes; empty is none
	DeadLetter           string        // an ARN that CheckDeadLetter takes; empty is none
	ZeroReserved         bool          // reserved concurrency is 0: events go to OnFailure at once
	Recursive            bool          // the recursion configuration says Allow
}

func (s Settings) retries() int {
	if s.MaximumRetryAttempts == nil {
		return function.MaxRetries
	}
	return *s.MaximumRetryAttempts
}

func (s Settings) age() time.Duration {
	if s.MaximumEventAge == 0 {
		return function.MaxEventAge
	}
	return s.MaximumEventAge
}

// A Policy says what holds for a function now. It is asked when an event is
// accepted and at each decision about it, never within a transaction. An error
// of HTTP status 404 says that the function is gone; at any other one what was
// said last holds.
type Policy func(function.Ref) (Settings, error)

// Waits are the times between the tries of one event.
type Waits struct {
	First, Second  time.Duration // after a function error
	Throttled      time.Duration // after the first 429 or 5xx, then doubled
	ThrottledLimit time.Duration // which that reaches at most
}

// LambdaWaits are Lambda's.
var LambdaWaits = Waits{First: time.Minute, Second: 2 * time.Minute, Throttled: time.Second, ThrottledLimit: 5 * time.Minute}

// Options are what a Queue needs; Invoker and Policy are required.
type Options struct {
	Invoker Invoker
	Policy  Policy
	Waits   Waits // zero is LambdaWaits

	// Workers is how many events are under way at a time, and PerFunction how
	// many of one function; zero is 128 and 32. One event of a function may be
	// under way whatever the others do.
	Workers, PerFunction int

	// What a queue keeps at most; the oldest messages go. Zero is 100,000
	// messages, 1 GiB and 4 days.
	MaxMessages     int
	MaxMessageBytes int64
	MaxMessageAge   time.Duration
}

func (o *Options) setDefaults() {
	if o.Waits == (Waits{}) {
		o.Waits = LambdaWaits
	}
	setDefault(&o.Workers, 128)
	setDefault(&o.PerFunction, 32)
	setDefault(&o.MaxMessages, 100_000)
	setDefault(&o.MaxMessageBytes, 1<<30)
	setDefault(&o.MaxMessageAge, 4*24*time.Hour)
}

func setDefault[T int | int64 | time.Duration](v *T, value T) {
	if *v == 0 {
		*v = value
	}
}
