package async

import (
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"

	"triptych/faas/function"
	"triptych/faas/trace"
)

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
			q.warn.lost.Warn("a destination did not take a record", fmt.Errorf("event %s of %s, %s, for %s: %w", e.Event.ID, e.Event.Ref, condition, destination, err))
		}
	}
	if condition == Success || e.Settings.DeadLetter == "" {
		return o
	}
	t, err := parseDeadLetter(e.Settings.DeadLetter)
	if err != nil {
		o.lost++
		q.warn.lost.Warn("a dead letter was not taken", fmt.Errorf("event %s of %s: %w", e.Event.ID, e.Event.Ref, err))
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
	if isGone(err) {
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
