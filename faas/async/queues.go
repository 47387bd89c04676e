package async

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"

	"triptych/faas/function"
	"triptych/faas/trace"
)

// A Message is what a queue holds: the record of an event, or a dead letter,
// which is the event itself.
type Message struct {
	ID         string // a UUID; later ones are greater
	Sent       time.Time
	Body       []byte            // JSON
	Attributes map[string]string // of a dead letter: RequestID, ErrorCode, ErrorMessage
	DeadLetter *Event            // the event without its payload, when it is one
}

// A QueueInfo says what a queue holds.
type QueueInfo struct {
	Name, ARN string
	Messages  int
	Bytes     int64
	Oldest    time.Time // zero when it is empty
}

// Send puts a message, which is no dead letter, into a queue. It is on disk when
// Send returns.
func (q *Queue) Send(queue string, body []byte) error {
	trimmed := 0
	err := q.group.do(func(tx *bbolt.Tx) (err error) {
		trimmed, err = q.send(tx, message{queue, Message{Sent: time.Now(), Body: body}})
		return err
	})
	if trimmed > 0 {
		q.warn.full.Warn("a queue is full", errTrimmed)
	}
	if err != nil {
		return fmt.Errorf("send to the queue %s: %w", queue, err)
	}
	return nil
}

// Queues says which queues there are: those that a message was ever sent to.
func (q *Queue) Queues() ([]QueueInfo, error) {
	var infos []QueueInfo
	err := q.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(rootBucket).Bucket(queueBucket).ForEachBucket(func(name []byte) error {
			b, _ := boxOf(tx, string(name))
			info := QueueInfo{Name: string(name), ARN: function.QueueARN(string(name))}
			info.Messages, info.Bytes = b.size()
			if id, _ := b.messages.Cursor().First(); id != nil {
				info.Oldest = sentAt(id)
			}
			infos = append(infos, info)
			return nil
		})
	})
	return infos, err
}

// Messages returns the oldest messages of a queue, at most max. They stay there
// until they are deleted. It is a 404 when there is no such queue.
func (q *Queue) Messages(queue string, max int) ([]Message, error) {
	var messages []Message
	err := q.db.View(func(tx *bbolt.Tx) error {
		b, ok := boxOf(tx, queue)
		if !ok {
			return noQueue(queue)
		}
		c := b.messages.Cursor()
		for id, value := c.First(); id != nil && len(messages) < max; id, value = c.Next() {
			if time.Since(sentAt(id)) > q.o.MaxMessageAge {
				continue // about to be removed
			}
			m, err := b.get(id, value)
			if err != nil {
				return err
			}
			messages = append(messages, m)
		}
		return nil
	})
	return messages, err
}

func noQueue(name string) error {
	return function.NotFound("There is no queue %s: a queue is there once a message was sent to it", name)
}

// Delete removes a message from a queue. It is a 404 when it is not there.
func (q *Queue) Delete(queue, id string) error {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return function.Invalid("%q is not the id of a message", id)
	}
	return q.group.do(func(tx *bbolt.Tx) error {
		b, ok := boxOf(tx, queue)
		if !ok {
			return noQueue(queue)
		}
		if b.messages.Get(parsed[:]) == nil {
			return function.NotFound("There is no message %s in the queue %s", id, queue)
		}
		return b.remove(parsed[:])
	})
}

// Redrive puts the dead letters of a queue back as events, as they were, with
// all their tries before them, and says how many. Records stay where they are;
// so do the dead letters of functions that are gone, and the error names those.
func (q *Queue) Redrive(queue string) (int, error) {
	var ids [][]byte
	err := q.db.View(func(tx *bbolt.Tx) error {
		b, ok := boxOf(tx, queue)
		if !ok {
			return noQueue(queue)
		}
		return b.messages.ForEach(func(id, _ []byte) error {
			ids = append(ids, bytes.Clone(id))
			return nil
		})
	})
	if err != nil {
		return 0, err
	}
	n := 0
	gone := map[function.Ref]error{}
	for _, id := range ids {
		moved, err := q.redriveOne(queue, id, gone)
		if err != nil {
			return n, fmt.Errorf("put back message %x: %w", id, err)
		}
		if moved {
			n++
		}
	}
	errs := make([]error, 0, len(gone))
	for ref, err := range gone {
		errs = append(errs, fmt.Errorf("put back the dead letters of %s: %w", ref, err))
	}
	return n, errors.Join(errs...)
}

// redriveOne puts one message back, if it is a dead letter of a function that is
// not gone.
func (q *Queue) redriveOne(queue string, id []byte, gone map[function.Ref]error) (bool, error) {
	m, err := q.message(queue, id)
	if err != nil || m.DeadLetter == nil || gone[m.DeadLetter.Ref] != nil {
		return false, err
	}
	event := *m.DeadLetter
	event.Payload, event.Accepted = m.Body, time.Now()
	header := trace.Parse(event.TraceID)
	header.Lineage = nil // a person begins a new one
	event.TraceID = header.String()
	settings, err := q.o.Policy(event.Ref)
	if err != nil {
		if isGone(err) {
			gone[event.Ref] = err
			err = nil
		}
		return false, err
	}
	moved := false
	err = q.group.do(func(tx *bbolt.Tx) error {
		moved = false
		b, _ := boxOf(tx, queue)
		if b.messages.Get(id) == nil {
			return nil // somebody deleted it
		}
		moved = true
		if err := b.remove(id); err != nil {
			return err
		}
		return putEvent(tx, &entry{Event: event, Settings: settings})
	})
	if err != nil || !moved {
		return false, err
	}
	q.added(event.Ref.Name, event.Accepted)
	return true, nil
}

// message reads one message; it is zero when it is not there.
func (q *Queue) message(queue string, id []byte) (m Message, err error) {
	err = q.db.View(func(tx *bbolt.Tx) error {
		b, _ := boxOf(tx, queue)
		value := b.messages.Get(id)
		if value == nil {
			return nil
		}
		m, err = b.get(id, value)
		return err
	})
	return m, err
}

// isGone says whether a policy's error is that there is no such function.
func isGone(err error) bool {
	f, ok := errors.AsType[*function.Error](err)
	return ok && f.Status == http.StatusNotFound
}
