package async

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"
)

var (
	messageBucket = []byte("messages")
	bodyBucket    = []byte("bodies")
	sizeKey       = []byte("size")
)

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
	m.Body = bytes.Clone(b.bodies.Get(id))
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
