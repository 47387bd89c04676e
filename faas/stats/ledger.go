// Package stats counts what invocations cost, by function and version: how many
// there were, how they ended, how long they took, and the gigabyte-seconds that
// Lambda would bill.
//
// Counting is on the way of every invocation, so it is done in memory, for less
// than a microsecond. What has changed is written five seconds later, and when
// the ledger is closed. A runner that is killed loses at most the counts of its
// last five seconds, and of nothing else: events, code and log lines have rules
// of their own.
package stats

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"triptych/internal/telemetry"
)

// Within is how long a count may be in memory alone.
const Within = 5 * time.Second

// bucket holds the sums of each version, by the name and version of its key.
var bucket = []byte("stats")

type key struct{ name, version string }

const separator = "\x00" // is in no name

func (k key) bytes() []byte { return []byte(k.name + separator + k.version) }

// A Ledger keeps the counters of all functions. It may be used from several
// goroutines.
type Ledger struct {
	db   *bbolt.DB
	warn telemetry.Seldom

	mu       sync.RWMutex
	counters map[key]*Counter

	clock   sync.Mutex // guards what follows
	timer   *time.Timer
	closed  bool
	writing sync.WaitGroup // that the timer has begun
}

// Open reads what was counted before. Of what cannot be read, the log says so
// and counting begins again: figures are no reason for a runner not to start.
func Open(db *bbolt.DB) (*Ledger, error) {
	l := &Ledger{db: db, counters: map[key]*Counter{}}
	err := db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(bucket)
		if err != nil {
			return err
		}
		return b.ForEach(func(k, v []byte) error {
			name, version, _ := strings.Cut(string(k), separator)
			c := l.newCounter(key{name, version})
			if err := json.Unmarshal(v, &c.sums); err != nil {
				slog.Warn("the figures of a function cannot be read and begin again", "function", name, "version", version, "err", err)
				return nil
			}
			l.counters[key{name, version}] = c
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the figures: %w", err)
	}
	return l, nil
}

func (l *Ledger) newCounter(k key) *Counter {
	return &Counter{ledger: l, name: k.name, version: k.version, sums: sums{Since: time.Now().UTC().Truncate(time.Second)}}
}

// Counter returns the counter of one version of a function.
func (l *Ledger) Counter(name, version string) *Counter {
	k := key{name, version}
	l.mu.RLock()
	c := l.counters[k]
	l.mu.RUnlock()
	if c != nil {
		return c
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if c = l.counters[k]; c == nil {
		c = l.newCounter(k)
		l.counters[k] = c
	}
	return c
}

// Keep forgets the versions of which wanted is false. An invocation that ends
// later may begin the count of one again.
func (l *Ledger) Keep(wanted func(name, version string) bool) error {
	l.mu.Lock()
	var gone []key
	for k := range l.counters {
		if !wanted(k.name, k.version) {
			gone = append(gone, k)
			delete(l.counters, k)
		}
	}
	l.mu.Unlock() // before the database is waited for: who writes to it takes the mutex
	if len(gone) == 0 {
		return nil
	}
	err := l.db.Update(func(tx *bbolt.Tx) error {
		for _, k := range gone {
			if err := tx.Bucket(bucket).Delete(k.bytes()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget figures: %w", err)
	}
	return nil
}

// later has what has changed written within the time promised. There is no
// timer while nothing changes.
func (l *Ledger) later() {
	l.clock.Lock()
	defer l.clock.Unlock()
	if l.timer != nil || l.closed {
		return
	}
	l.writing.Add(1)
	l.timer = time.AfterFunc(Within, func() {
		defer l.writing.Done()
		l.clock.Lock()
		l.timer = nil
		l.clock.Unlock()
		l.write()
	})
}

// write writes the counters that have changed. When the disk does not take
// them, they are written the next time.
func (l *Ledger) write() {
	l.mu.RLock()
	changed := map[key]*Counter{}
	for k, c := range l.counters {
		if c.changed.Swap(false) { // what is counted from here on is written later
			changed[k] = c
		}
	}
	l.mu.RUnlock()
	if len(changed) == 0 {
		return
	}
	err := l.db.Update(func(tx *bbolt.Tx) error { return l.put(tx, changed) })
	if err == nil {
		return
	}
	l.warn.Warn("write the figures of functions", err)
	for _, c := range changed {
		c.touch()
	}
}

func (l *Ledger) put(tx *bbolt.Tx, changed map[key]*Counter) error {
	for k, c := range changed {
		l.mu.RLock()
		forgotten := l.counters[k] != c
		l.mu.RUnlock()
		if forgotten {
			continue
		}
		doc, err := json.Marshal(c.look())
		if err != nil {
			return err
		}
		if err := tx.Bucket(bucket).Put(k.bytes(), doc); err != nil {
			return err
		}
	}
	return nil
}

// Close writes what is in memory alone. The database is closed after it.
func (l *Ledger) Close() {
	l.clock.Lock()
	l.closed = true
	if l.timer != nil && l.timer.Stop() {
		l.writing.Done()
	}
	l.timer = nil
	l.clock.Unlock()
	l.writing.Wait()
	l.write()
}
