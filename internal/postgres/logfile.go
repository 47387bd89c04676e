package postgres

import (
	"os"
	"strings"
	"sync"
)

// logLimit is the size at which the server's log is put aside as postgres.log.1
// and begun anew: 2 MB is the most it ever takes.
const logLimit = 1 << 20

// A logFile is the server's log, bounded, with its last complaint remembered:
// what a user needs to hear when the server does not start.
type logFile struct {
	path string

	mu        sync.Mutex
	f         *os.File
	size      int64
	complaint string
}

func openLog(path string) (*logFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &logFile{path: path, f: f, size: info.Size()}, nil
}

// line is one line of the server's output. The log never stops the server: a
// line that cannot be written is lost.
func (l *logFile) line(s string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hear(s)
	if l.size > logLimit {
		l.turn()
	}
	n, _ := l.f.WriteString(s + "\n")
	l.size += int64(n)
}

// diskFull is a complaint that others follow from.
const diskFull = "No space left on device"

// hear remembers a line that is a complaint.
func (l *logFile) hear(s string) {
	if strings.Contains(s, diskFull) || strings.Contains(s, "Check free disk space") {
		l.complaint = diskFull
	}
	for _, level := range []string{"FATAL: ", "PANIC: ", "ERROR: ", "initdb: error: ", "postgres: "} {
		if _, what, ok := strings.Cut(s, level); ok && l.complaint != diskFull {
			l.complaint = strings.TrimSpace(what)
		}
	}
}

func (l *logFile) turn() {
	f, err := os.OpenFile(l.path+".new", os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	_ = os.Rename(l.path, l.path+".1")
	_ = os.Rename(l.path+".new", l.path)
	l.f.Close()
	l.f, l.size = f, 0
}

// last is the last complaint since forget.
func (l *logFile) last() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.complaint
}

func (l *logFile) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.complaint = ""
}

func (l *logFile) close() { l.f.Close() }
