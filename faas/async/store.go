package async

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
)

// The store has one bucket:
//
//	async / functions / NAME / due       time and number of an event: nothing
//	                         / events    number: an entry
//	                         / payloads  number: the payload
//	      / queues    / NAME / messages  id: a message
//	                         / bodies    id: its body
//	                         / size      how many messages and bytes
//
// Payloads are kept apart so that a retry writes only what changes.
var (
	rootBucket     = []byte("async")
	functionBucket = []byte("functions")
	queueBucket    = []byte("queues")

	dueBucket     = []byte("due")
	eventBucket   = []byte("events")
	payloadBucket = []byte("payloads")
)

// An entry is an event as it is kept, and how far it has come.
type entry struct {
	Event     Event
	Runs      int       `json:",omitempty"` // how often the function ran
	Throttles int       `json:",omitempty"` // 429 and 5xx since it ran
	Last      *response `json:",omitempty"` // of the last try
	Settings  Settings  // that were found last
}

// A response is what the last try of an event gave.
type response struct {
	Status   int
	Version  string `json:",omitempty"`
	Error    string `json:",omitempty"` // of the function: Handled, Unhandled; or the type of an exception
	Payload  []byte `json:",omitempty"`
	Message  string `json:",omitempty"` // of an exception
	Recursed bool   `json:",omitempty"`
	Trace    string `json:",omitempty"`
}

// A key is the place of an event in the order of its lane.
type key struct {
	due int64 // in Unix nanoseconds
	seq uint64
}

const keySize = 16

func (k key) bytes() []byte {
	b := make([]byte, 0, keySize)
	b = binary.BigEndian.AppendUint64(b, uint64(k.due))
	return binary.BigEndian.AppendUint64(b, k.seq)
}

func keyFrom(b []byte) key {
	return key{due: int64(binary.BigEndian.Uint64(b)), seq: binary.BigEndian.Uint64(b[8:])}
}

func (k key) number() []byte { return binary.BigEndian.AppendUint64(nil, k.seq) }

// A lot is the three buckets of a function.
type lot struct{ due, events, payloads *bbolt.Bucket }

// lotOf returns the buckets of a function; without create it is false when
// there are none.
func lotOf(tx *bbolt.Tx, function string) (lot, bool) {
	b := tx.Bucket(rootBucket).Bucket(functionBucket).Bucket([]byte(function))
	if b == nil {
		return lot{}, false
	}
	return lot{b.Bucket(dueBucket), b.Bucket(eventBucket), b.Bucket(payloadBucket)}, true
}

func createLot(tx *bbolt.Tx, function string) (lot, error) {
	if l, ok := lotOf(tx, function); ok {
		return l, nil
	}
	b, err := tx.Bucket(rootBucket).Bucket(functionBucket).CreateBucket([]byte(function))
	if err != nil {
		return lot{}, err
	}
	for _, name := range [][]byte{dueBucket, eventBucket, payloadBucket} {
		if _, err := b.CreateBucket(name); err != nil {
			return lot{}, err
		}
	}
	l, _ := lotOf(tx, function)
	return l, nil
}

// putEvent adds an event that is due at once.
func putEvent(tx *bbolt.Tx, e *entry) error {
	l, err := createLot(tx, e.Event.Ref.Name)
	if err != nil {
		return err
	}
	seq, err := tx.Bucket(rootBucket).NextSequence()
	if err != nil {
		return err
	}
	k := key{due: e.Event.Accepted.UnixNano(), seq: seq}
	if err := l.payloads.Put(k.number(), e.Event.Payload); err != nil {
		return err
	}
	return l.put(k, e)
}

// put writes an entry and its place, not its payload.
func (l lot) put(k key, e *entry) error {
	kept := *e
	kept.Event.Payload = nil
	value, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	if err := l.events.Put(k.number(), value); err != nil {
		return err
	}
	return l.due.Put(k.bytes(), nil)
}

// load reads an event with its payload; nil says that it is not there.
func (l lot) load(k key) (*entry, error) {
	value := l.events.Get(k.number())
	if value == nil {
		return nil, nil
	}
	var e entry
	if err := json.Unmarshal(value, &e); err != nil {
		return nil, fmt.Errorf("read event %d: %w", k.seq, err)
	}
	e.Event.Payload = bytes.Clone(l.payloads.Get(k.number()))
	return &e, nil
}

// move gives an event another time.
func (l lot) move(k key, e *entry, due time.Time) error {
	if err := l.due.Delete(k.bytes()); err != nil {
		return err
	}
	k.due = due.UnixNano()
	return l.put(k, e)
}

// putOff gives an event that cannot be read another time.
func (l lot) putOff(k key, due time.Time) error {
	if err := l.due.Delete(k.bytes()); err != nil {
		return err
	}
	k.due = due.UnixNano()
	return l.due.Put(k.bytes(), nil)
}

// remove takes an event out.
func (l lot) remove(k key) error {
	if err := l.due.Delete(k.bytes()); err != nil {
		return err
	}
	if err := l.events.Delete(k.number()); err != nil {
		return err
	}
	return l.payloads.Delete(k.number())
}
