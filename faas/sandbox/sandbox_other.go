//go:build !linux

package sandbox

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"

	"triptych/internal/child"
)

// There is no watch and there are no cgroups.
type (
	seen   struct{}
	cgroup struct{}
)

// A Sandbox starts processes.
type Sandbox struct{ level Level }

// New takes none or basic: there are no other measures on this system.
func New(level Level, root string) (*Sandbox, error) {
	switch level {
	case Auto:
		level = Basic
	case None, Basic:
	default:
		return nil, fmt.Errorf("sandbox: isolation %q needs Linux: take one of none, basic, auto", level)
	}
	return &Sandbox{level: level}, nil
}

// Level is the level of processes that ask for no other.
func (s *Sandbox) Level() Level { return s.level }

// Measures says what is really done to processes of this level.
func (s *Sandbox) Measures() []Measure {
	return []Measure{{Name: "ends with the runner", On: true}}
}

// Start starts a process.
func (s *Sandbox) Start(spec Spec) (*Process, error) {
	if err := spec.check(); err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Program, err)
	}
	cmd := exec.Command(spec.Program)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = spec.Code, spec.Env, spec.Output, spec.Output
	c, err := child.Start(cmd, syscall.SIGKILL)
	if err != nil {
		return nil, err
	}
	p := &Process{pid: c.Pid(), spec: spec, done: make(chan struct{})}
	go func() {
		err := c.Wait()
		p.mu.Lock()
		defer p.mu.Unlock()
		p.collected = true
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			if w, ok := exit.Sys().(syscall.WaitStatus); ok && w.Signaled() {
				p.exit.Signal = w.Signal()
			} else {
				p.exit.Code = exit.ExitCode()
			}
		}
		if r, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
			p.peak = int64(r.Maxrss)
		}
		close(p.done)
	}()
	return p, nil
}

// MaxMemory is the most memory the process has held, in bytes, known at its
// end.
func (p *Process) MaxMemory() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.peak
}

// Close ends nothing: every process is its caller's.
func (s *Sandbox) Close() error { return nil }
