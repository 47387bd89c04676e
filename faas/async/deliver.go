package async

import (
	"context"
	"time"

	"go.etcd.io/bbolt"

	"triptych/faas/function"
)

// deliver tries one event and records what became of it.
func (q *Queue) deliver(ctx context.Context, j job) {
	e, err := q.load(j)
	if err != nil {
		q.putOff(j, err)
		return
	}
	if e == nil {
		q.ended(j, time.Time{})
		return
	}
	e.Event.Due = time.Unix(0, j.key.due)
	v, kept := q.try(ctx, j, e)
	if kept {
		q.ended(j, time.Now())
		return
	}
	q.record(ctx, j, e, v)
}

// putOff has an event that cannot be read out of the way of the others. It is
// not thrown away: a later version of the runner may read it.
func (q *Queue) putOff(j job, because error) {
	q.warn.read.Warn("read an event of the function "+j.lane.name, because)
	due := time.Now().Add(time.Hour)
	err := q.group.do(func(tx *bbolt.Tx) error {
		l, _ := lotOf(tx, j.lane.name)
		return l.putOff(j.key, due)
	})
	if err != nil {
		q.warn.read.Warn("put off an event", err)
	}
	q.ended(j, due)
}

func (q *Queue) load(j job) (e *entry, err error) {
	err = q.db.View(func(tx *bbolt.Tx) error {
		if l, ok := lotOf(tx, j.lane.name); ok {
			e, err = l.load(j.key)
		}
		return err
	})
	return e, err
}

// try delivers an event, unless it has ended already. It is kept as it is when
// the delivery was given up because the runner stops.
func (q *Queue) try(ctx context.Context, j job, e *entry) (v verdict, kept bool) {
	s, gone := q.settings(e)
	if gone != nil {
		return e.refused(q.o.Waits, s, gone, time.Now()), false
	}
	if v := e.before(s, time.Now()); v.ends() {
		return v, false
	}
	event := e.Event
	event.Attempt = e.Runs + e.Throttles + 1
	if e.Last != nil {
		event.Before = e.Last.Trace
	}
	result, err := q.o.Invoker.InvokeEvent(ctx, event)
	if err != nil && ctx.Err() != nil {
		return v, true
	}
	if s, gone = q.settings(e); gone != nil && err != nil {
		return e.refused(q.o.Waits, s, gone, time.Now()), false
	}
	if err == nil {
		q.went(j.lane)
		return e.ran(q.o.Waits, s, result, time.Now()), false
	}
	v = e.refused(q.o.Waits, s, function.From(err), time.Now())
	if !v.ends() {
		q.throttled(j)
	}
	return v, false
}

// settings asks the policy. When the function is gone it says so, with what held
// for it last.
func (q *Queue) settings(e *entry) (s Settings, gone *function.Error) {
	s, err := q.o.Policy(e.Event.Ref)
	switch {
	case err == nil:
		e.Settings = s
	case isGone(err):
		return e.Settings, function.From(err)
	default:
		q.warn.policy.Warn("ask for the settings of a function's events", err)
	}
	return e.Settings, nil
}

// record writes what became of an event, in one transaction. It goes on until
// that is on disk, or ctx is done: then the event is delivered again.
func (q *Queue) record(ctx context.Context, j job, e *entry, v verdict) {
	var o outcome
	if v.ends() {
		if v.condition == ZeroConcurrency {
			e.Last = nil
		}
		o = q.outcome(e, v.condition, time.Now())
	}
	for {
		trimmed := 0
		err := q.group.do(func(tx *bbolt.Tx) (err error) {
			trimmed, err = q.write(tx, j, e, v, o)
			return err
		})
		if trimmed > 0 {
			q.warn.full.Warn("a queue is full", errTrimmed)
		}
		if err == nil {
			break
		}
		q.warn.record.Warn("record what became of an event", err)
		select {
		case <-ctx.Done():
			q.ended(j, time.Now())
			return
		case <-time.After(time.Second):
		}
	}
	q.count(j.lane, e, v, o)
	for _, next := range o.events {
		q.added(next.Event.Ref.Name, next.Event.Accepted)
	}
	q.ended(j, v.due)
}

func (q *Queue) count(l *lane, e *entry, v verdict, o outcome) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l.stats.Undeliverable += int64(o.lost)
	switch {
	case v.condition == Success:
		l.stats.Succeeded++
	case v.ends():
		l.stats.Dropped++
		if e.Last != nil && e.Last.Recursed {
			l.stats.Recursive++
		}
	default:
		l.stats.Retried++
		if e.Throttles > 0 {
			l.stats.Throttled++
		}
	}
}
