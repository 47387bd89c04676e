package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	// files is in how many parts a function's lines are kept; the oldest part
	// goes at a time.
	files = 8

	suffix = ".log"
)

// A part is one file.
type part struct {
	number int
	size   int64
}

func (l *log) path(p part) string {
	return filepath.Join(l.dir, fmt.Sprintf("%08d%s", p.number, suffix))
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
