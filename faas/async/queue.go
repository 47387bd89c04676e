package async

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"triptych/faas/function"
	"triptych/internal/telemetry"
)

// A Queue is the events of all functions, and the queues that some end in. Its
// methods may be called at the same time by many.
type Queue struct {
	db    *bbolt.DB
	o     Options
	group *group
	wake  chan struct{}
	warn  warnings

	mu     sync.Mutex
	lanes  map[string]*lane
	order  []*lane // of the lanes, in which they take turns
	turn   int     // whose is the next
	shared int     // how many workers are busy
}

// warnings are the troubles that go on while the queue does.
type warnings struct{ read, policy, record, full, lost telemetry.Seldom }

// Open returns the queue that is kept in db, which stays open until Run has
// ended and nothing else is called.
func Open(db *bbolt.DB, o Options) (*Queue, error) {
	o.setDefaults()
	q := &Queue{db: db, o: o, group: &group{db: db}, wake: make(chan struct{}, 1), lanes: map[string]*lane{}}
	err := db.Update(func(tx *bbolt.Tx) error {
		root, err := tx.CreateBucketIfNotExists(rootBucket)
		if err != nil {
			return err
		}
		if _, err := root.CreateBucketIfNotExists(queueBucket); err != nil {
			return err
		}
		functions, err := root.CreateBucketIfNotExists(functionBucket)
		if err != nil {
			return err
		}
		return q.openLanes(tx, functions)
	})
	if err != nil {
		return nil, fmt.Errorf("open the queue of events: %w", err)
	}
	return q, nil
}

// openLanes counts what is queued, and removes what is kept of functions that
// have nothing queued.
func (q *Queue) openLanes(tx *bbolt.Tx, functions *bbolt.Bucket) error {
	var empty [][]byte
	err := functions.ForEachBucket(func(name []byte) error {
		l, _ := lotOf(tx, string(name))
		first, _ := l.due.Cursor().First()
		if first == nil {
			empty = append(empty, bytes.Clone(name))
			return nil
		}
		lane := q.lane(string(name))
		lane.queued = l.due.Stats().KeyN
		lane.next = time.Unix(0, keyFrom(first).due)
		return nil
	})
	for _, name := range empty {
		if err := functions.DeleteBucket(name); err != nil {
			return err
		}
	}
	return err
}

// Add accepts an event: it is on disk when Add returns. The error is a
// *function.Error when the event is too large or its function unknown.
func (q *Queue) Add(ctx context.Context, e Event) error {
	if len(e.Payload) > function.MaxAsyncPayload {
		return function.TooLarge(function.MaxAsyncPayload)
	}
	if e.Accepted.IsZero() {
		e.Accepted = time.Now()
	}
	e.Attempt = 0
	settings, err := q.o.Policy(e.Ref)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err = q.group.do(func(tx *bbolt.Tx) error { return putEvent(tx, &entry{Event: e, Settings: settings}) })
	if err != nil {
		return fmt.Errorf("queue event %s: %w", e.ID, err)
	}
	q.added(e.Ref.Name, e.Accepted)
	return nil
}

// Stats are what the events of one function came to, since Open when it is
// about the past.
type Stats struct {
	Queued        int           // those under way included
	UnderWay      int           // being delivered now
	Oldest        time.Duration // age of the oldest that is queued
	Succeeded     int64
	Retried       int64 // tries that were put off, after an error or a throttle
	Throttled     int64 // those of them that were 429 or 5xx
	Dropped       int64 // events that ended any other way than well
	Recursive     int64 // those of them that were stopped as a loop
	Undeliverable int64 // records and dead letters that their target did not take
}

// Stats says how the events of each function stand.
func (q *Queue) Stats() (map[string]Stats, error) {
	q.mu.Lock()
	all := make(map[string]Stats, len(q.lanes))
	for name, l := range q.lanes {
		s := l.stats
		s.Queued, s.UnderWay = max(0, l.queued), len(l.underWay)
		all[name] = s
	}
	q.mu.Unlock()
	err := q.db.View(func(tx *bbolt.Tx) error {
		for name, s := range all {
			if accepted := oldest(tx, name); !accepted.IsZero() {
				s.Oldest = max(0, time.Since(accepted))
				all[name] = s
			}
		}
		return nil
	})
	return all, err
}

// oldest is when the oldest event of a function was accepted; zero when there is
// none, or it cannot be read.
func oldest(tx *bbolt.Tx, name string) time.Time {
	var e entry
	if l, ok := lotOf(tx, name); ok {
		if _, value := l.events.Cursor().First(); value != nil {
			_ = json.Unmarshal(value, &e)
		}
	}
	return e.Event.Accepted
}
