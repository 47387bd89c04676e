package child

import (
	"bytes"
	"sync"
)

// longest is where a line without an end is cut: a child must not fill our
// memory.
const longest = 64 << 10

// Lines is a child's output cut into lines. Its method Write may be used from
// several goroutines, so one Lines serves both of a child's streams.
type Lines struct {
	each func(line string)
	mu   sync.Mutex
	rest []byte
}

// NewLines returns a writer that calls each with every whole line, without its
// end. Calls come one after the other.
func NewLines(each func(line string)) *Lines { return &Lines{each: each} }

// Write takes output as it comes.
func (l *Lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, b...)
	for {
		i := bytes.IndexByte(l.rest, '\n')
		if i < 0 && len(l.rest) < longest {
			return len(b), nil
		}
		if i < 0 {
			l.each(string(l.rest))
			l.rest = l.rest[:0]
			return len(b), nil
		}
		l.each(string(bytes.TrimSuffix(l.rest[:i], []byte("\r"))))
		l.rest = append(l.rest[:0], l.rest[i+1:]...)
	}
}

// Flush hands over a last line that has no end. Call it after Process.Done.
func (l *Lines) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		l.each(string(l.rest))
		l.rest = nil
	}
}
