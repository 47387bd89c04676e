// Package poller reads a topic of Kafka's and gives its records to a function: it
// is what wakes a function from zero. One Poller serves one mapping:
//
//	poller    is a member of the mapping's group of consumers, as long as it is to be
//	lane      of each partition that is its own:
//	  fetch     reads records, waiting for them at the broker
//	  gather    makes a batch of them: so many, so large, or so long waited for
//	  event     writes it as Lambda does
//	  deliver   has the function called, and does what decide says of its answer
//	    decide    what is done, what is tried again and when, what is given up
//	    report    which of the records failed, when the function says so
//	    aside     what is given up goes to the mapping's destination
//	  commit    tells the broker that so much is done
//
// A record is done when the function has succeeded with it, or when it has been
// put aside; only then is its offset committed. So each is processed at least once
// over any crash, and again after some: a function has to know what it has seen.
// Each partition has one batch under way at a time, which keeps its records in
// order; partitions do not wait for each other. Lambda may put several partitions
// into one event; here each event is of one.
//
// Sources: "Using Lambda with self-managed Apache Kafka" and the pages below it in
// the AWS Lambda Developer Guide; the function contract, 1.7.
package poller

import (
	"context"
	"time"

	"github.com/segmentio/kafka-go"

	"triptych/faas/function"
	"triptych/faas/mapping"
	"triptych/faas/trace"
	"triptych/internal/telemetry"
)

// An Invoker gives a batch to its function, the runner that is, and returns when
// that has answered. The error is a *function.Error when the function did not
// run: after 404, 409, 429 and 5xx the batch waits and is tried again, however
// often; all others count as failures of the function.
type Invoker interface {
	InvokeBatch(context.Context, Batch) (Answer, error)
}

// A Batch is an event for a function.
type Batch struct {
	Ref       function.Ref
	RequestID string
	Payload   []byte       // JSON, at most function.MaxSyncPayload bytes
	Trace     trace.Header // that the records belong to
	Due       time.Time    // when it was to be delivered
	Attempt   int          // 1 at the first try
}

// An Answer is what a function answered.
type Answer struct {
	Version string // that ran
	Failed  bool
	Payload []byte // what it returned, or its error
}

// A Sender puts a message into a kept queue. It is on disk when Send returns.
type Sender interface {
	Send(queue string, body []byte) error
}

// Waits are the times between tries: First, then doubled up to Limit. They are
// also those between attempts to reach the brokers.
type Waits struct{ First, Limit time.Duration }

// DefaultWaits are used where there are no others. Lambda's are not documented.
var DefaultWaits = Waits{First: 250 * time.Millisecond, Limit: 30 * time.Second}

// after is the wait after the nth failure in a row.
func (w Waits) after(n int) time.Duration {
	wait := w.First
	for range n - 1 {
		if wait >= w.Limit {
			break
		}
		wait *= 2
	}
	return min(wait, w.Limit)
}

// Options are what pollers need; Invoker and Sender are required.
type Options struct {
	Invoker Invoker
	Sender  Sender
	Waits   Waits         // zero is DefaultWaits
	Drain   time.Duration // how long batches under way may take once the poller is to end
}

// A poller serves one mapping.
type poller struct {
	Options
	mapping  mapping.Mapping
	progress *mapping.Progress

	client   *kafka.Client
	aside    *kafka.Writer // nil when nothing is put aside at the brokers
	network  *network
	patience context.Context // ends when batches under way are to be given up
	busy     busy
	warn     telemetry.Seldom
}

// Run serves a mapping until ctx is done and the batches under way have ended or
// were given up.
func (o Options) Run(ctx context.Context, m mapping.Mapping, progress *mapping.Progress) {
	if o.Waits == (Waits{}) {
		o.Waits = DefaultWaits
	}
	patience, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(o.Drain, end) })
	defer stop()

	p := &poller{Options: o, mapping: m, progress: progress, patience: patience}
	p.connect()
	defer p.disconnect()
	for failures := 0; ctx.Err() == nil; {
		_, err := p.partitions(ctx)
		if err == nil {
			err = p.join(ctx)
		}
		if err == nil {
			failures = 0
			continue
		}
		p.trouble(ctx, err)
		failures++
		sleep(ctx, o.Waits.after(failures))
	}
}

// trouble says what keeps the topic from being read.
func (p *poller) trouble(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	p.progress.Source(err.Error())
	p.warn.Warn("a topic that a function is mapped to cannot be read", err)
	p.network.forget()
}

// sleep waits and reports whether it did so to the end.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
