package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"triptych/domain/order"
	"triptych/internal/postgres"
	"triptych/internal/rpc"
	"triptych/internal/telemetry"
	"triptych/store/orders"
)

// A loop carries sagas on: it asks what a saga's step says, and writes down what
// was answered. Nothing is locked while it waits for an answer, and nothing is
// lost when it dies: another takes up what it has left.
type loop struct {
	books  books
	others others
	meter  meter

	work chan job
	due  chan struct{} // some that were put back are due again
	slow telemetry.Seldom
}

// A job is a saga that is to be carried on, and its order, unless that is still
// to be read.
type job struct {
	row
	order order.Order
	until time.Time // the lease ends
}

const (
	drivers = 96   // sagas that are carried on at the same time
	queue   = 1024 // that wait for their turn

	poll   = time.Second           // how often it is looked for what is due
	breath = 20 * time.Millisecond // between two looks
)

func newLoop(b books, o others) *loop {
	return &loop{books: b, others: o, meter: newMeter(), work: make(chan job, queue), due: make(chan struct{}, 1)}
}

// hand hands over a saga that the caller has just leased. When too many wait
// already, it is found when its lease ends.
func (l *loop) hand(r row, o order.Order) {
	select {
	case l.work <- job{r, o, time.Now().Add(lease)}:
	default:
	}
}

// run carries sagas on until ctx is done. Those at work then are carried as far
// as they go without waiting.
func (l *loop) run(ctx context.Context) error {
	var completer sync.WaitGroup
	completer.Go(func() { l.complete(ctx) })
	defer completer.Wait()
	var crew errgroup.Group
	crew.SetLimit(drivers)
	for {
		select {
		case <-ctx.Done():
			return crew.Wait()
		case j := <-l.work:
			crew.Go(func() error {
				if time.Now().Before(j.until) { // else it is found again, or was
					l.drive(context.WithoutCancel(ctx), j)
				}
				return nil
			})
		}
	}
}

// complete takes up what is due: what processes that died have left, and what
// was put back.
func (l *loop) complete(ctx context.Context) {
	for ctx.Err() == nil {
		rows, err := claim(ctx, l.books.db, drivers)
		if err != nil && ctx.Err() == nil {
			l.slow.Warn("sagas that are due are not found", err)
		}
		until := time.Now().Add(lease)
		for _, r := range rows {
			select {
			case l.work <- job{row: r, until: until}:
			case <-ctx.Done():
			}
		}
		sleep(ctx, nil, breath)
		if len(rows) < drivers { // else there are more
			sleep(ctx, l.due, poll)
		}
	}
}

// sleep returns after d, or when it is woken, or when ctx is done.
func sleep(ctx context.Context, woken <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-woken:
	case <-ctx.Done():
	}
}

// drive carries a saga on until it rests, or somebody else has it, or an answer
// is not to be had: then it is put back for a while.
func (l *loop) drive(ctx context.Context, j job) {
	ctx = within(ctx, j.Traceparent)
	if err := l.load(ctx, &j); err != nil {
		l.postpone(ctx, j.row, unlessKnown(postgres.Unavailable(err)), err)
		return
	}
	for !j.Step.Rests() {
		next, came, err := l.advance(ctx, j)
		if err != nil {
			l.postpone(ctx, j.row, came, err)
		}
		if came != moved {
			return
		}
		j.row = next
	}
}

// load reads the order of a saga that was taken up.
func (l *loop) load(ctx context.Context, j *job) (err error) {
	if j.order.ID == uuid.Nil {
		j.order, err = orNotFound(orders.Get(ctx, l.books.db, uuid.Nil, j.Order))
	}
	return err
}

// storeTimeout bounds how long it may take to write an answer down.
const storeTimeout = 5 * time.Second

// advance carries a saga one step on, and returns where it stands then, and what
// came of it. It stands where it stood when there is an error.
func (l *loop) advance(ctx context.Context, j job) (next row, came outcome, err error) {
	ctx, span := l.meter.start(ctx, j.row)
	defer func() { l.meter.end(ctx, span, j.row, came, err) }()
	a, err := l.others.ask(ctx, j.row, j.order)
	if err != nil {
		return j.row, unlessKnown(rpc.Unknown(err)), err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	next, ok, err := l.books.answered(ctx, j.row, a)
	switch {
	case err != nil:
		return j.row, unlessKnown(postgres.Unavailable(err)), err
	case !ok:
		return j.row, stale, nil
	}
	return next, moved, nil
}

// An outcome is what came of a step.
type outcome string

// A refusal is an answer that the table does not know, which is a bug in one of
// the services. Until somebody mends it, there is no way on but to ask again.
const (
	moved   outcome = "moved"
	stale   outcome = "stale"   // somebody else had moved it
	unknown outcome = "unknown" // whether it was done
	refused outcome = "refused"
)

func unlessKnown(open bool) outcome {
	if open {
		return unknown
	}
	return refused
}

// The pauses before a saga is carried on again: growing while nothing is known,
// and long when something is wrong that only people can mend.
const (
	firstPause = 100 * time.Millisecond
	lastPause  = 2 * time.Second
	bugPause   = 5 * time.Second
)

// postpone puts a saga back for a while. If even that fails, it is found when
// its lease ends.
func (l *loop) postpone(ctx context.Context, r row, came outcome, cause error) {
	pause := pauseAfter(r.Attempts)
	if came == refused {
		slog.ErrorContext(ctx, "a saga was refused", "order", r.Order, "step", r.Step, "attempt", r.Attempts+1, "err", cause)
		pause = bugPause
	} else {
		l.slow.Warn("sagas wait for an answer", cause)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := r.putBack(ctx, l.books.db, pause); err != nil {
		l.slow.Warn("sagas wait for the end of their lease", err)
		return
	}
	time.AfterFunc(pause, l.wakeUp)
}

// wakeUp has the completer look for what is due.
func (l *loop) wakeUp() {
	select {
	case l.due <- struct{}{}:
	default:
	}
}

// pauseAfter returns how long to wait after so many attempts: twice as long each
// time, and never quite the same, so that many who wait do not come back at once.
func pauseAfter(attempts int) time.Duration {
	d := min(firstPause<<min(attempts, 10), lastPause)
	return d/2 + rand.N(d/2)
}
