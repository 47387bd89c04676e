package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// Start starts a process. An error says what is wrong with spec, or what the
// machine refused.
func (s *Sandbox) Start(spec Spec) (*Process, error) {
	if spec.Level == "" {
		spec.Level = s.level
	}
	if err := spec.check(); err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Program, err)
	}
	p := &Process{spec: spec, done: make(chan struct{})}
	started := make(chan error, 1)
	go s.onOwnThread(func() { s.run(p, started) })
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Program, err)
	}
	return p, nil
}

// onOwnThread runs f on a thread that ends with it. It is never the first
// thread of the process: what that one gives up, the process has given up.
func (s *Sandbox) onOwnThread(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		f()
		return
	}
	taken := make(chan struct{})
	go s.onOwnThread(func() { // elsewhere, as this thread is taken
		close(taken)
		f()
	})
	<-taken
	runtime.UnlockOSThread()
}

// run is the life of a process, on a thread of its own.
func (s *Sandbox) run(p *Process, started chan<- error) {
	if err := s.begin(p); err != nil {
		started <- err
		return
	}
	started <- nil
	defer s.wg.Done()
	waitUntilDead(p.pid)
	s.endAll(p)
	s.collect(p)
	close(p.done)
}

func (s *Sandbox) begin(p *Process) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("the sandbox is closed")
	}
	out := p.spec.Output.Fd()
	pid, err := syscall.ForkExec(p.spec.Program, []string{p.spec.Program}, &syscall.ProcAttr{
		Dir:   p.spec.Code,
		Env:   p.spec.Env,
		Files: []uintptr{s.null.Fd(), out, out},
		Sys: &syscall.SysProcAttr{
			Setpgid:   true,
			Pdeathsig: syscall.SIGKILL,
			Ptrace:    true, // it stops before its first instruction
		},
	})
	if err != nil {
		return err
	}
	p.pid = pid
	p.mark = s.marks.next()
	if err := s.release(p); err != nil {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
		_, _ = syscall.Wait4(pid, nil, 0, nil)
		return err
	}
	s.running[pid] = p
	s.wg.Add(1)
	return nil
}

// release has the process, which stopped before its first instruction, go on
// with its limits.
func (s *Sandbox) release(p *Process) error {
	var state syscall.WaitStatus
	if _, err := syscall.Wait4(p.pid, &state, 0, nil); err != nil {
		return os.NewSyscallError("wait4", err)
	}
	if !state.Stopped() {
		return errors.New("it was killed as it began")
	}
	if err := limit(p); err != nil {
		return err
	}
	return os.NewSyscallError("ptrace", syscall.PtraceDetach(p.pid))
}

// waitUntilDead waits for the end of a child and leaves it uncollected, so
// that its id, and that of its group, stay taken.
func waitUntilDead(pid int) {
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
}

// collect notes how the process ended and frees its id.
func (s *Sandbox) collect(p *Process) {
	s.mu.Lock()
	delete(s.running, p.pid)
	s.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	var state syscall.WaitStatus
	var usage syscall.Rusage
	for {
		if _, err := syscall.Wait4(p.pid, &state, 0, &usage); err != syscall.EINTR {
			break
		}
	}
	p.collected = true
	if state.Signaled() {
		p.exit.Signal = state.Signal()
	} else {
		p.exit.Code = state.ExitStatus()
	}
	p.notePeak(usage.Maxrss << 10)
}
