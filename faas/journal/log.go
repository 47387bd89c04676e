package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// layout has always the same length, so that lines stand below each other.
	layout = "2006-01-02T15:04:05.000000Z"

	// files is in how many parts a function's lines are kept; the oldest part
	// goes at a time.
	files = 8

	// full is how many bytes are gathered before they are written early, and
	// stalled how many before who writes has to wait for the disk.
	full    = 64 << 10
	stalled = 1 << 20

	suffix = ".log"
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

// A part is one file.
type part struct {
	number int
	size   int64
}

func (l *log) path(p part) string {
	return filepath.Join(l.dir, fmt.Sprintf("%08d%s", p.number, suffix))
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

// load finds out what an earlier process has left.
func (l *log) load() error {
	if l.loaded {
		return nil
	}
	entries, err := os.ReadDir(l.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var parts []part
	for _, e := range entries {
		digits, ok := strings.CutSuffix(e.Name(), suffix)
		number, err := strconv.Atoi(digits)
		if !ok || err != nil {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		parts = append(parts, part{number, info.Size()})
	}
	slices.SortFunc(parts, func(a, b part) int { return a.number - b.number })
	if n := len(parts); n > 0 && l.torn(parts[n-1]) {
		parts = append(parts, part{number: parts[n-1].number + 1})
	}
	l.loaded = true
	l.set(parts)
	return nil
}

// torn tells whether the last line of a part lacks its end, as after a crash:
// what follows then belongs into another part.
func (l *log) torn(p part) bool {
	f, err := os.Open(l.path(p))
	if err != nil {
		return true
	}
	defer f.Close()
	var last [1]byte
	_, err = f.ReadAt(last[:], p.size-1)
	return err != nil || last[0] != '\n'
}

// set changes what readers see.
func (l *log) set(parts []part) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.parts = parts
	close(l.changed)
	l.changed = make(chan struct{})
}

// fits is how many bytes of b, in whole lines, go into the newest part; one
// line always goes into an empty one.
func (l *log) fits(b []byte) int {
	if len(l.parts) == 0 {
		return 0
	}
	newest := l.parts[len(l.parts)-1]
	room := l.journal.limit/files - newest.size
	if int64(len(b)) <= room {
		return len(b)
	}
	n := bytes.LastIndexByte(b[:max(0, room)], '\n') + 1
	if n == 0 && newest.size == 0 {
		n = bytes.IndexByte(b, '\n') + 1
	}
	return n
}

func (l *log) next() {
	number := 1
	if len(l.parts) > 0 {
		number = l.parts[len(l.parts)-1].number + 1
	}
	l.set(append(slices.Clone(l.parts), part{number: number}))
}

// trim removes the oldest parts until n bytes more are allowed.
func (l *log) trim(n int64) error {
	for _, p := range l.parts {
		n += p.size
	}
	parts := l.parts
	for n > l.journal.limit && len(parts) > 1 {
		if err := os.Remove(l.path(parts[0])); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		n -= parts[0].size
		parts = parts[1:]
	}
	if len(parts) < len(l.parts) {
		l.set(slices.Clone(parts))
	}
	return nil
}

// append writes to the newest part. The file is open only so long: there may be
// many functions.
func (l *log) append(b []byte) error {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return err
	}
	parts := slices.Clone(l.parts)
	newest := &parts[len(parts)-1]
	f, err := os.OpenFile(l.path(*newest), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		// Half a line would have the next one as its end.
		return errors.Join(err, f.Truncate(newest.size), f.Close())
	}
	newest.size += int64(len(b))
	l.set(parts)
	return f.Close()
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
