// Package journal keeps what functions print and what the runner says of their
// invocations, line by line, in one folder per function:
//
//	2026-11-24T12:26:56.000131Z 2026/11/24/[$LATEST]5f0c…e1 START RequestId: …
//
// with the time at which the line was complete, in UTC, the instance's stream,
// and the text. Files are numbered, written one after the other and removed
// from the oldest on, so that a function's lines never take more than a bound.
//
// Writing is on the way of every invocation, so lines are gathered in memory and
// written within 100 ms. A process that is killed loses at most those.
package journal

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"triptych/faas/function"
)

const (
	// within is how long a line may be in memory alone.
	within = 100 * time.Millisecond

	// minLimit has room for several of the longest lines.
	minLimit = 1 << 20
)

// A Journal keeps the lines of all functions. One process at a time may have
// it open.
type Journal struct {
	dir   string
	limit int64

	mu      sync.Mutex
	logs    map[string]*log
	waiting []*log // have lines in memory alone
	timer   *time.Timer
	hurried bool // the timer was made to fire at once
	closed  bool
	flushes sync.WaitGroup // that the timer has begun
}

// Open opens the journal in dir, and makes the folder if there is none. Of each
// function it keeps the last limit bytes, as they are on disk; at least 1 MiB.
func Open(dir string, limit int64) (*Journal, error) {
	if limit < minLimit {
		return nil, fmt.Errorf("open the journal: %d bytes for a function's lines are too few: give it %d or more", limit, minLimit)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open the journal: %w", err)
	}
	return &Journal{dir: dir, limit: limit, logs: map[string]*log{}}, nil
}

// Stream begins the log stream of one instance of a function's version. Its
// name is as Lambda's are: YYYY/MM/DD/[version], and 32 random hexadecimal
// digits.
func (j *Journal) Stream(function, version string) *Stream {
	var id [16]byte
	rand.Read(id[:])
	name := time.Now().UTC().Format("2006/01/02/") + "[" + version + "]" + hex.EncodeToString(id[:])
	return &Stream{name: name, log: j.log(function)}
}

// Remove deletes a function's lines. What its streams write afterwards is
// dropped; those who follow it reach the end.
func (j *Journal) Remove(function string) error {
	if err := j.remove(function); err != nil {
		return fmt.Errorf("remove the lines of %s: %w", function, err)
	}
	return nil
}

func (j *Journal) remove(name string) error {
	if err := function.CheckName(name); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock() // a function of that name that comes next has a folder of its own
	if l := j.logs[name]; l != nil {
		l.remove()
		delete(j.logs, name)
	}
	return os.RemoveAll(filepath.Join(j.dir, name))
}

// Close writes what is in memory. Lines that come later are written at once,
// each alone.
func (j *Journal) Close() {
	j.mu.Lock()
	j.closed = true
	if j.timer != nil && j.timer.Stop() {
		j.flushes.Done()
	}
	j.timer = nil
	j.mu.Unlock()
	j.flushes.Wait()
	j.flush()
}

// log returns a function's log; one that keeps nothing for a name that no
// function can have.
func (j *Journal) log(name string) *log {
	j.mu.Lock()
	defer j.mu.Unlock()
	l := j.logs[name]
	if l == nil {
		l = &log{journal: j, name: name, dir: filepath.Join(j.dir, name), changed: make(chan struct{})}
		if function.CheckName(name) != nil {
			l.gone = true
			return l
		}
		j.logs[name] = l
	}
	return l
}

// later has a log flushed within the time promised. There is one timer for all
// logs, and none when all is written.
func (j *Journal) later(l *log) {
	j.mu.Lock()
	closed := j.closed
	if !closed {
		j.waiting = append(j.waiting, l)
		if j.timer == nil {
			j.flushes.Add(1)
			j.timer = time.AfterFunc(within, j.expire)
		}
	}
	j.mu.Unlock()
	if closed {
		l.flush()
	}
}

// soon has what waits flushed now, in another goroutine.
func (j *Journal) soon() {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.hurried && j.timer != nil && j.timer.Stop() {
		j.timer.Reset(0)
		j.hurried = true
	}
}

func (j *Journal) expire() {
	defer j.flushes.Done()
	j.mu.Lock()
	j.timer, j.hurried = nil, false
	j.mu.Unlock()
	j.flush()
}

// flush writes one log after the other: however many functions there are, one
// file is open.
func (j *Journal) flush() {
	j.mu.Lock()
	waiting := j.waiting
	j.waiting = nil
	j.mu.Unlock()
	for _, l := range waiting {
		l.flush()
	}
}
