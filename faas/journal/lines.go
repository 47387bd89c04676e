package journal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"time"

	"triptych/faas/function"
)

// A Line is one line of a function's log.
type Line struct {
	Time   time.Time // when it was complete, to the microsecond
	Stream string
	Text   string // without its end
}

// A Query says which lines are wanted. The zero value wants all there are.
type Query struct {
	Since  time.Time // lines of then or later
	Stream string    // of this stream alone, unless it is empty
	Follow bool      // and those to come, until the context ends
}

// Lines returns the lines of a function, oldest first. It holds up nobody who
// writes: when it is followed so slowly that lines are removed before they are
// read, they are missing. Following ends with the context's error, or without
// one when the function is removed.
func (j *Journal) Lines(ctx context.Context, name string, q Query) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		if err := function.CheckName(name); err != nil {
			yield(Line{}, err)
			return
		}
		r := reader{log: j.log(name), query: q, yield: yield}
		if err := r.run(ctx); err != nil {
			yield(Line{}, fmt.Errorf("read the lines of %s: %w", name, err))
		}
	}
}

// A reader goes along the parts of a log.
type reader struct {
	log   *log
	query Query
	yield func(Line, error) bool

	at      part // how far it has come
	stopped bool // yield wants no more
}

func (r *reader) run(ctx context.Context) error {
	for {
		parts, changed, err := r.log.look()
		if err != nil {
			return err
		}
		for _, p := range parts {
			if err := r.read(ctx, p); err != nil || r.stopped {
				return err
			}
		}
		if !r.query.Follow || changed == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// look writes what is in memory and returns what is on disk, and the channel
// that is closed when there is more; nil when there never will be.
func (l *log) look() ([]part, <-chan struct{}, error) {
	l.flush()
	l.out.Lock()
	defer l.out.Unlock()
	l.mu.Lock()
	gone := l.gone
	l.mu.Unlock()
	if gone {
		return nil, nil, nil
	}
	if err := l.load(); err != nil {
		return nil, nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.parts, l.changed, nil
}

// read yields what p has more than was read already.
func (r *reader) read(ctx context.Context, p part) error {
	var from int64
	if p.number == r.at.number {
		from = r.at.size
	}
	if p.number < r.at.number || p.size <= from {
		return nil
	}
	r.at = p
	f, err := os.Open(r.log.path(p))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // removed to make room
	}
	if err != nil {
		return err
	}
	defer f.Close()
	// The file was last written to after its last line was complete; file
	// systems tell the time less exactly.
	if info, err := f.Stat(); err == nil && info.ModTime().Add(time.Second).Before(r.query.Since) {
		return nil
	}
	return r.lines(ctx, bufio.NewReader(io.NewSectionReader(f, from, p.size-from)))
}

func (r *reader) lines(ctx context.Context, b *bufio.Reader) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		text, err := b.ReadBytes('\n')
		if line, ok := parse(bytes.TrimSuffix(text, []byte{'\n'})); ok && r.wants(line) && !r.yield(line, nil) {
			r.stopped = true
			return nil
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *reader) wants(l Line) bool {
	return !l.Time.Before(r.query.Since) && (r.query.Stream == "" || r.query.Stream == l.Stream)
}

// parse reads what log.add has written. A line that was cut short by a crash
// may be anything.
func parse(b []byte) (Line, bool) {
	stamp, rest, _ := bytes.Cut(b, []byte{' '})
	stream, text, ok := bytes.Cut(rest, []byte{' '})
	at, err := time.Parse(layout, string(stamp))
	return Line{Time: at, Stream: string(stream), Text: string(text)}, ok && err == nil
}
