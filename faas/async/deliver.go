package async

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"

	"triptych/faas/function"
	"triptych/faas/trace"
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
	v, kept := q.try(ctx, j.lane, e)
	if kept {
		q.ended(j, time.Now())
		return
	}
	q.record(ctx, j, e, v)
}

// putOff has an event that cannot be read out of the way of the others. It is
// not thrown away: a later version of the runner may read it.
func (q *Queue) putOff(j job, because error) {
	q.warn.Warn("read an event of the function "+j.lane.name, because)
	due := time.Now().Add(time.Hour)
	err := q.group.do(func(tx *bbolt.Tx) error {
		l, _ := lotOf(tx, j.lane.name)
		return l.putOff(j.key, due)
	})
	if err != nil {
		q.warn.Warn("put off an event", err)
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
func (q *Queue) try(ctx context.Context, l *lane, e *entry) (v verdict, kept bool) {
	s, gone := q.settings(e)
	if gone != nil {
		return e.refused(q.o.Waits, s, gone, time.Now()), false
	}
	if v := e.before(s, time.Now()); v.ends() {
		return v, false
	}
	event := e.Event
	event.Attempt = e.Runs + e.Throttles + 1
	result, err := q.o.Invoker.InvokeEvent(ctx, event)
	if err != nil && ctx.Err() != nil {
		return v, true
	}
	if s, gone = q.settings(e); gone != nil && err != nil {
		return e.refused(q.o.Waits, s, gone, time.Now()), false
	}
	if err == nil {
		q.went(l)
		return e.ran(q.o.Waits, s, result, time.Now()), false
	}
	v = e.refused(q.o.Waits, s, function.From(err), time.Now())
	if !v.ends() {
		q.throttled(l)
	}
	return v, false
}

// settings asks the policy. When the function is gone it says so, with what held
// for it last.
func (q *Queue) settings(e *entry) (s Settings, gone *function.Error) {
	s, err := q.o.Policy(e.Event.Ref)
	if err == nil {
		e.Settings = s
		return s, nil
	}
	if f, ok := errors.AsType[*function.Error](err); ok && f.Status == http.StatusNotFound {
		return e.Settings, f
	}
	q.warn.Warn("ask for the settings of a function's events", err)
	return e.Settings, nil
}

// An outcome is what an event leaves behind when it ends.
type outcome struct {
	events   []*entry
	messages []message
	lost     int // what no target took
}

type message struct {
	queue string
	Message
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
			q.warn.Warn("a queue is full", errTrimmed)
		}
		if err == nil {
			break
		}
		q.warn.Warn("record what became of an event", err)
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

var errTrimmed = errors.New("its oldest messages were removed, for a queue keeps only so many, for so long")

// write is the transaction of record. It says how many messages had to go to
// make room.
func (q *Queue) write(tx *bbolt.Tx, j job, e *entry, v verdict, o outcome) (trimmed int, err error) {
	l, ok := lotOf(tx, j.lane.name)
	if !ok {
		return 0, nil
	}
	if !v.ends() {
		return 0, l.move(j.key, e, v.due)
	}
	if err := l.remove(j.key); err != nil {
		return 0, err
	}
	for _, next := range o.events {
		if err := putEvent(tx, next); err != nil {
			return 0, err
		}
	}
	for _, m := range o.messages {
		n, err := q.send(tx, m)
		if err != nil {
			return 0, err
		}
		trimmed += n
	}
	return trimmed, nil
}

func (q *Queue) send(tx *bbolt.Tx, m message) (trimmed int, err error) {
	b, err := createBox(tx, m.queue)
	if err != nil {
		return 0, err
	}
	if err := b.put(&m.Message); err != nil {
		return 0, err
	}
	return b.trim(&q.o, m.Sent)
}

// outcome works out what is handed on when an event ends.
func (q *Queue) outcome(e *entry, condition string, now time.Time) outcome {
	var o outcome
	destination := e.Settings.OnFailure
	if condition == Success {
		destination = e.Settings.OnSuccess
	}
	if destination != "" {
		if err := q.handOn(&o, e, destination, condition, now); err != nil {
			o.lost++
			slog.Warn("a destination did not take a record", "request", e.Event.ID, "function", e.Event.Ref, "destination", destination, "condition", condition, "err", err)
		}
	}
	if condition == Success || e.Settings.DeadLetter == "" {
		return o
	}
	t, err := parseTarget(e.Settings.DeadLetter)
	if err == nil {
		err = CheckDeadLetter(e.Settings.DeadLetter)
	}
	if err != nil {
		o.lost++
		slog.Warn("a dead letter was not taken", "request", e.Event.ID, "function", e.Event.Ref, "target", e.Settings.DeadLetter, "err", err)
		return o
	}
	event := e.Event
	event.Payload = nil
	o.messages = append(o.messages, message{t.queue, Message{Sent: now, Body: e.Event.Payload, Attributes: attributesOf(e, condition), DeadLetter: &event}})
	return o
}

// handOn adds the record of an event to an outcome.
func (q *Queue) handOn(o *outcome, e *entry, destination, condition string, now time.Time) error {
	t, err := parseTarget(destination)
	if err != nil {
		return err
	}
	body, err := recordOf(e, condition, now)
	if err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	if t.queue != "" {
		o.messages = append(o.messages, message{t.queue, Message{Sent: now, Body: body}})
		return nil
	}
	if len(body) > function.MaxAsyncPayload {
		return function.TooLarge(function.MaxAsyncPayload)
	}
	settings, err := q.o.Policy(t.function)
	if f, ok := errors.AsType[*function.Error](err); ok && f.Status == http.StatusNotFound {
		return err
	}
	header := follows(e)
	if _, ok := header.Hop(t.function.Name); !ok && !settings.Recursive && e.Last != nil && e.Last.Recursed {
		return function.Recursive() // it would be stopped and handed on for ever
	}
	o.events = append(o.events, &entry{Settings: settings, Event: Event{ID: uuid.NewString(), Ref: t.function, Payload: body, Accepted: now, TraceID: header.String()}})
	return nil
}

// follows is the trace header of what follows from an event.
func follows(e *entry) trace.Header {
	if e.Last != nil && e.Last.Trace != "" {
		return trace.Parse(e.Last.Trace)
	}
	header, _ := trace.Parse(e.Event.TraceID).Hop(e.Event.Ref.Name)
	return header
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
