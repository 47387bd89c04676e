package journal

import (
	"log/slog"
	"sync"
	"time"
)

const (
	// layout has always the same length, so that lines stand below each other.
	layout = "2006-01-02T15:04:05.000000Z"

	// full is how many bytes are gathered before they are written early, and
	// stalled how many before who writes has to wait for the disk.
	full    = 64 << 10
	stalled = 1 << 20
)

// A log is the lines of one function.
type log struct {
	journal *Journal
	name    string
	dir     string

	mu      sync.Mutex    // never held while a file is written
	gone    bool          // was removed, or has no valid name
	buffer  []byte        // whole lines that no file has
	waits   bool          // the journal knows that there are some
	parts   []part        // what is on disk, oldest first; changed with out as well
	changed chan struct{} // closed when parts has changed

	out    sync.Mutex // whoever reads or writes the folder; taken before mu
	loaded bool       // parts is known
	failed bool       // the last write
}

// begin and end stand around add, so that what is written at once stays
// together.
func (l *log) begin() { l.mu.Lock() }

func (l *log) add(now time.Time, stream string, text []byte) {
	if l.gone {
		return
	}
	if l.buffer == nil {
		l.buffer = *buffers.Get().(*[]byte)
	}
	l.buffer = now.UTC().AppendFormat(l.buffer, layout)
	l.buffer = append(l.buffer, ' ')
	l.buffer = append(l.buffer, stream...)
	l.buffer = append(l.buffer, ' ')
	l.buffer = append(l.buffer, text...)
	l.buffer = append(l.buffer, '\n')
}

func (l *log) end() {
	size := len(l.buffer)
	first := size > 0 && !l.waits
	l.waits = l.waits || first
	l.mu.Unlock()
	if first {
		l.journal.later(l)
	}
	switch {
	case size >= stalled:
		l.flush()
	case size >= full:
		l.journal.soon()
	}
}

// buffers are given back when they are written: a function that is idle has none.
var buffers = sync.Pool{New: func() any { b := make([]byte, 0, full+full/8); return &b }}

// flush writes what was gathered. What cannot be written is lost: there is
// nobody to be told but the runner's own log, once until it works again.
func (l *log) flush() {
	l.out.Lock()
	defer l.out.Unlock()
	l.mu.Lock()
	b := l.buffer
	l.buffer, l.waits = nil, false
	l.mu.Unlock()
	if b == nil {
		return
	}
	err := l.write(b)
	if err != nil && !l.failed {
		slog.Warn("lines of a function are lost", "function", l.name, "err", err)
	}
	l.failed = err != nil
	if cap(b) <= 4*full {
		b = b[:0]
		buffers.Put(&b)
	}
}

// write appends whole lines to the newest part, and to new ones when it is
// full. The caller has out, as of all below.
func (l *log) write(b []byte) error {
	if err := l.load(); err != nil {
		return err
	}
	for len(b) > 0 {
		n := l.fits(b)
		if n == 0 {
			l.next()
			n = l.fits(b)
		}
		if err := l.trim(int64(n)); err != nil {
			return err
		}
		if err := l.append(b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// remove ends the log: what comes is dropped.
func (l *log) remove() {
	l.out.Lock()
	defer l.out.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gone, l.buffer, l.parts = true, nil, nil
	close(l.changed)
}
