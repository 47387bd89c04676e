package journal

import (
	"bytes"
	"io/fs"
	"sync"
	"time"
	"unicode/utf8"
)

// longest is where a line is cut, as CloudWatch does: the rest is a line too.
const longest = 256 << 10

// A Stream takes what one instance prints. Its methods may be called from any
// goroutine.
type Stream struct {
	name string
	log  *log

	mu     sync.Mutex
	rest   []byte // of a line that has not ended
	closed bool
}

// Name is what the function sees as AWS_LAMBDA_LOG_STREAM_NAME.
func (s *Stream) Name() string { return s.name }

// Write cuts p into lines. What has no end yet is kept until it has. It does
// not fail for a disk that is full: the lines are lost then, and the runner's
// own log says so.
func (s *Stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, fs.ErrClosed
	}
	s.write(p)
	return len(p), nil
}

// Line adds a line of its own: what was printed before and has no end yet, is
// ended there.
func (s *Stream) Line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	if len(s.rest) > 0 {
		s.write([]byte{'\n'})
	}
	s.write([]byte(text + "\n"))
}

// Close ends the stream, and a line that has no end.
func (s *Stream) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed && len(s.rest) > 0 {
		s.write([]byte{'\n'})
	}
	s.closed, s.rest = true, nil
}

func (s *Stream) write(p []byte) {
	s.log.begin()
	now := time.Now() // later than that of the line before
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			break
		}
		line := p[:i]
		if len(s.rest) > 0 {
			line = append(s.rest, line...)
			s.rest = line[:0]
		}
		p = p[i+1:]
		for len(line) > longest {
			n := cut(line)
			s.log.add(now, s.name, line[:n])
			line = line[n:]
		}
		s.log.add(now, s.name, bytes.TrimSuffix(line, []byte{'\r'}))
	}
	s.rest = append(s.rest, p...)
	for len(s.rest) > longest {
		n := cut(s.rest)
		s.log.add(now, s.name, s.rest[:n])
		s.rest = append(s.rest[:0], s.rest[n:]...)
	}
	s.log.end()
}

// cut is where a long line is cut: not within a character.
func cut(line []byte) int {
	n := longest
	for n > longest-utf8.UTFMax && !utf8.RuneStart(line[n]) {
		n--
	}
	return n
}
