package async

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"

	"triptych/faas/function"
	"triptych/faas/trace"
)

var (
	messageBucket = []byte("messages")
	bodyBucket    = []byte("bodies")
	sizeKey       = []byte("size")
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

// A box is the buckets of a queue. Messages are in the order of their ids,
// which is that of time.
type box struct{ root, messages, bodies *bbolt.Bucket }

func boxOf(tx *bbolt.Tx, queue string) (box, bool) {
	b := tx.Bucket(rootBucket).Bucket(queueBucket).Bucket([]byte(queue))
	if b == nil {
		return box{}, false
	}
	return box{b, b.Bucket(messageBucket), b.Bucket(bodyBucket)}, true
}

func createBox(tx *bbolt.Tx, queue string) (box, error) {
	if b, ok := boxOf(tx, queue); ok {
		return b, nil
	}
	root, err := tx.Bucket(rootBucket).Bucket(queueBucket).CreateBucket([]byte(queue))
	if err != nil {
		return box{}, err
	}
	for _, name := range [][]byte{messageBucket, bodyBucket} {
		if _, err := root.CreateBucket(name); err != nil {
			return box{}, err
		}
	}
	b, _ := boxOf(tx, queue)
	return b, nil
}

func (b box) size() (messages int, bytes int64) {
	v := b.root.Get(sizeKey)
	if v == nil {
		return 0, 0
	}
	return int(binary.BigEndian.Uint64(v)), int64(binary.BigEndian.Uint64(v[8:]))
}

func (b box) setSize(messages int, bytes int64) error {
	v := binary.BigEndian.AppendUint64(nil, uint64(messages))
	return b.root.Put(sizeKey, binary.BigEndian.AppendUint64(v, uint64(bytes)))
}

// put adds a message.
func (b box) put(m *Message) error {
	id, err := b.newID(m.Sent)
	if err != nil {
		return err
	}
	kept := *m
	kept.Body = nil
	value, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	if err := b.messages.Put(id[:], value); err != nil {
		return err
	}
	if err := b.bodies.Put(id[:], m.Body); err != nil {
		return err
	}
	n, size := b.size()
	return b.setSize(n+1, size+int64(len(m.Body)))
}

// newID makes a UUID of version 7: the time in milliseconds, and a number that
// keeps those of one millisecond in order.
func (b box) newID(sent time.Time) (id uuid.UUID, err error) {
	seq, err := b.messages.NextSequence()
	if err != nil {
		return id, err
	}
	const version, variant = 7 << 12, 2 << 30
	binary.BigEndian.PutUint64(id[:], uint64(sent.UnixMilli())<<16|version)
	binary.BigEndian.PutUint32(id[8:], variant|uint32(seq)&(1<<30-1))
	_, err = rand.Read(id[12:])
	return id, err
}

// get reads a message; the value is that of the messages bucket.
func (b box) get(id, value []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(value, &m); err != nil {
		return m, fmt.Errorf("read message %x: %w", id, err)
	}
	m.ID = uuid.UUID(id).String()
	m.Body = append([]byte(nil), b.bodies.Get(id)...)
	return m, nil
}

// remove takes a message out.
func (b box) remove(id []byte) error {
	n, size := b.size()
	size -= int64(len(b.bodies.Get(id)))
	if err := b.messages.Delete(id); err != nil {
		return err
	}
	if err := b.bodies.Delete(id); err != nil {
		return err
	}
	return b.setSize(n-1, size)
}

// sentAt reads the time that is in an id.
func sentAt(id []byte) time.Time {
	return time.UnixMilli(int64(binary.BigEndian.Uint64(id) >> 16))
}

// trim removes the oldest messages until the queue keeps its bounds, and says
// how many went.
func (b box) trim(o *Options, now time.Time) (int, error) {
	gone := 0
	for {
		id, _ := b.messages.Cursor().First()
		n, size := b.size()
		if id == nil || n <= o.MaxMessages && size <= o.MaxMessageBytes && now.Sub(sentAt(id)) <= o.MaxMessageAge {
			return gone, nil
		}
		if err := b.remove(id); err != nil {
			return gone, err
		}
		gone++
	}
}

// Queues says which queues there are: those that a message was ever sent to.
func (q *Queue) Queues() ([]QueueInfo, error) {
	var infos []QueueInfo
	err := q.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(rootBucket).Bucket(queueBucket).ForEachBucket(func(name []byte) error {
			b, _ := boxOf(tx, string(name))
			info := QueueInfo{Name: string(name), ARN: QueueARN(string(name))}
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
// so do the dead letters of a function that is gone, which is an error.
func (q *Queue) Redrive(queue string) (int, error) {
	var ids [][]byte
	err := q.db.View(func(tx *bbolt.Tx) error {
		b, ok := boxOf(tx, queue)
		if !ok {
			return noQueue(queue)
		}
		return b.messages.ForEach(func(id, _ []byte) error {
			ids = append(ids, append([]byte(nil), id...))
			return nil
		})
	})
	if err != nil {
		return 0, err
	}
	n := 0
	var errs []error
	for _, id := range ids {
		moved, err := q.redriveOne(queue, id)
		if err != nil {
			errs = append(errs, err)
			if len(errs) == 10 {
				break // the store fails, or all are of functions that are gone
			}
		}
		if moved {
			n++
		}
	}
	return n, errors.Join(errs...)
}

func (q *Queue) redriveOne(queue string, id []byte) (bool, error) {
	var m Message
	err := q.db.View(func(tx *bbolt.Tx) (err error) {
		b, _ := boxOf(tx, queue)
		value := b.messages.Get(id)
		if value == nil {
			return nil
		}
		m, err = b.get(id, value)
		return err
	})
	if err != nil || m.DeadLetter == nil {
		return false, err
	}
	event := *m.DeadLetter
	event.Payload, event.Accepted = m.Body, time.Now()
	header := trace.Parse(event.TraceID)
	header.Lineage = nil // a person begins a new one
	event.TraceID = header.String()
	settings, err := q.o.Policy(event.Ref)
	if err != nil {
		return false, fmt.Errorf("put back message %s: %w", m.ID, err)
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
