package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// A Sandbox starts processes.
type Sandbox struct {
	level Level
	root  string
	null  *os.File
	marks marks

	mu      sync.Mutex
	running map[int]*Process
	closed  bool
	wg      sync.WaitGroup
}

// New looks at what this machine can and takes the level from it. root is the
// runner's data folder; what an earlier runner left running under it is ended.
func New(level Level, root string) (*Sandbox, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	switch level {
	case None, Basic:
	case Auto:
		level = Basic
	default:
		return nil, fmt.Errorf("sandbox: isolation %q is not available: take one of none, basic, auto", level)
	}
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	s := &Sandbox{level: level, root: root, null: null, running: map[int]*Process{}, marks: newMarks(root)}
	if err := s.adopt(); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	s.sweep()
	return s, nil
}

// Level is the level of processes that ask for no other.
func (s *Sandbox) Level() Level { return s.level }

// Measures says what is really done to processes of this level.
func (s *Sandbox) Measures() []Measure {
	return []Measure{{Name: "ends with the runner", On: true}}
}

// Close ends every process and waits until they are gone.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	s.closed = true
	for _, p := range s.running {
		p.Kill()
	}
	s.mu.Unlock()
	s.wg.Wait()
	return s.null.Close()
}
