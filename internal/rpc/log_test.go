package rpc_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// A logged is what was logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// captureLog keeps what is logged until t ends.
func captureLog(t *testing.T) *logged {
	l := &logged{}
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(l, nil)))
	t.Cleanup(func() { slog.SetDefault(old) })
	return l
}

// Write implements io.Writer.
func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}

func (l *logged) count(s string) int { return strings.Count(l.String(), s) }
