package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"triptych/internal/child"
)

// A Sandbox starts processes. Its methods may be used from several goroutines.
type Sandbox struct {
	level   Level
	root    string
	machine machine
	marks   marks
	users   users
	spares  *spares
	groups  func() error // makes the cgroup around all others, once
	null    *os.File     // every process's input
	lock    *os.File     // held for as long as the folder is ours

	mu       sync.Mutex
	running  map[int]*Process // by id, until it is collected
	closed   bool
	watching bool
	wake     chan struct{}
	wg       sync.WaitGroup
}

// New looks at what this machine can. A level that it cannot is an error that
// says what is missing. root is the runner's data folder, which one Sandbox
// has at a time; what an earlier runner left running for it is ended.
func New(level Level, root string) (*Sandbox, error) {
	s, err := newSandbox(level, root)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	return s, nil
}

func newSandbox(level Level, root string) (*Sandbox, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(root, 0o711); err != nil {
		return nil, err
	}
	s := &Sandbox{root: root, marks: newMarks(root), users: newUsers(root), running: map[int]*Process{}, wake: make(chan struct{}, 1)}
	s.machine = look(s.users, root)
	if s.level, err = s.machine.take(level); err != nil {
		return nil, err
	}
	if s.lock, err = take(root); err != nil {
		return nil, err
	}
	if s.null, err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err != nil {
		s.lock.Close()
		return nil, err
	}
	if err := s.adopt(); err != nil {
		s.null.Close()
		s.lock.Close()
		return nil, err
	}
	s.groups = sync.OnceValue(func() error { return s.machine.cgroups.begin(s.marks.name()) })
	s.spares = newSpares()
	for range nSpares {
		s.spares.add(s)
	}
	return s, nil
}

// take has the folder for this process alone, until the file is closed.
func take(root string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(root, "sandbox.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("another runner uses %s: stop it, or take another data folder", root)
		}
		return nil, fmt.Errorf("lock %s: %w", f.Name(), err)
	}
	return f, nil
}

// adopt makes what loses its parent ours, instead of init's, so that it can be
// found; ends what an earlier runner left; and has what we leave ended, should
// we be killed.
func (s *Sandbox) adopt() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("adopt orphans: %w", err)
	}
	// What we inherited ourselves is not for functions. Old kernels cannot,
	// and then it is what our parent wanted.
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	s.marks.sweep()
	s.machine.cgroups.sweep(s.marks.names())
	return child.AtEnd(s.marks.script())
}

// Level is the level of processes that ask for no other.
func (s *Sandbox) Level() Level { return s.level }

// Measures says what is done to processes of this level, and why the rest is
// not.
func (s *Sandbox) Measures() []Measure { return s.machine.measures(s.level) }

// Close ends every process and waits until all are gone.
func (s *Sandbox) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	ps := slices.Collect(maps.Values(s.running))
	s.mu.Unlock()
	for _, p := range ps {
		p.Kill()
	}
	s.spares.close()
	s.wg.Wait()
	s.machine.cgroups.sweep(s.marks.names())
	return errors.Join(s.null.Close(), s.lock.Close())
}
