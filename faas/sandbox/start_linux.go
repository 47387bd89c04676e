package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// afterStart is for how long a new process has the processors to itself,
// before the next is prepared for.
const afterStart = 5 * time.Millisecond

// Start starts a process. An error says what is wrong with spec, or what the
// machine refused.
func (s *Sandbox) Start(spec Spec) (*Process, error) {
	p, err := s.start(spec)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Program, err)
	}
	return p, nil
}

func (s *Sandbox) start(spec Spec) (*Process, error) {
	if err := s.complete(&spec); err != nil {
		return nil, err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil, errors.New("the sandbox is closed")
	}
	s.wg.Add(1)
	s.mu.Unlock()

	p := &Process{spec: spec, mark: s.marks.next(), done: make(chan struct{})}
	if err := s.prepare(p); err != nil {
		s.giveBack(p)
		return nil, err
	}
	started := make(chan error, 1)
	spare := s.toThread(job{p, started})
	err := <-started
	if spare {
		time.AfterFunc(afterStart, func() { s.spares.add(s) })
	}
	if err != nil {
		return nil, err
	}
	s.watchAgain()
	return p, nil
}

// complete checks spec and fills in the level.
func (s *Sandbox) complete(spec *Spec) error {
	if err := spec.check(); err != nil {
		return err
	}
	if spec.Level == "" {
		spec.Level = s.level
	}
	level, err := s.machine.take(spec.Level)
	if err != nil {
		return err
	}
	spec.Level = level
	for _, dir := range []string{spec.Code, spec.Tmp} {
		if level == Strict && strings.HasPrefix(dir, "/tmp/") { // what New has looked at thoroughly
			return fmt.Errorf("%s is in /tmp, of which it gets its own", dir)
		}
	}
	return nil
}

// prepare gives the process what it will own.
func (s *Sandbox) prepare(p *Process) error {
	var err error
	if p.spec.Level == Strict {
		if p.cgroup, err = s.makeGroup(p); err != nil {
			return err
		}
	}
	if rank[p.spec.Level] < rank[Standard] || s.machine.noUser != "" {
		return nil
	}
	if p.user, err = s.users.next(); err != nil {
		return err
	}
	if err := s.users.give(p.spec.Tmp, p.user); err != nil {
		return err
	}
	// Opened by its name, /dev/stdout is a file with an owner.
	if st, err := p.spec.Output.Stat(); err == nil && st.Mode()&fs.ModeNamedPipe != 0 {
		return p.spec.Output.Chown(p.user, p.user)
	}
	return nil
}

// makeGroup makes the process's cgroup, the first time with the one around it.
func (s *Sandbox) makeGroup(p *Process) (*cgroup, error) {
	if err := s.groups(); err != nil {
		return nil, err
	}
	return s.machine.cgroups.make(filepath.Join(s.marks.name(), strconv.FormatUint(p.mark%perRunner, 10)), p.spec)
}

// giveBack frees what the process had.
func (s *Sandbox) giveBack(p *Process) {
	if p.user != 0 {
		s.users.free(p.user)
	}
	if p.cgroup != nil {
		p.cgroup.remove()
	}
	s.wg.Done()
}

// toThread hands the job to a spare thread, or to a new one.
func (s *Sandbox) toThread(j job) (spare bool) {
	udp := false
	for _, port := range j.p.spec.Connect {
		udp = udp || port == dns
	}
	if j.p.spec.Level == s.level && !udp {
		select {
		case s.spares.jobs <- j:
			return true
		default:
		}
	}
	go onOwnThread(func() {
		var t thread
		if err := t.prepare(s.machine, j.p.spec.Level, udp); err != nil {
			t.drop()
			s.giveBack(j.p)
			j.started <- err
			return
		}
		s.run(&t, j)
	})
	return false
}

// run is the life of a process, on a thread of its own.
func (s *Sandbox) run(t *thread, j job) {
	p := j.p
	defer s.giveBack(p)
	err := t.finish(p.spec, p.user)
	if err == nil {
		err = s.begin(p)
	}
	j.started <- err
	if err != nil {
		return
	}
	// Only now, as the process may well take this processor.
	if err := syscall.PtraceDetach(p.pid); err != nil {
		p.Kill()
	}
	waitUntilDead(p.pid)
	s.endAll(p)
	s.collect(p)
	close(p.done)
}

// begin starts the process from the calling thread, and leaves it stopped
// before its first instruction.
func (s *Sandbox) begin(p *Process) error {
	out := p.spec.Output.Fd()
	pid, err := syscall.ForkExec(p.spec.Program, []string{p.spec.Program}, &syscall.ProcAttr{
		Dir:   p.spec.Code,
		Env:   p.spec.Env,
		Files: []uintptr{s.null.Fd(), out, out},
		Sys: &syscall.SysProcAttr{
			// A group, and not a session: the kernel shares processors
			// among sessions first, and a new one waits up to 10 ms for its
			// turn when others compute.
			Setpgid:   true,
			Pdeathsig: syscall.SIGKILL,
			Ptrace:    true, // it stops before its first instruction
		},
	})
	if errors.Is(err, fs.ErrPermission) && rank[p.spec.Level] >= rank[Standard] {
		return fmt.Errorf("%w: all users must be able to read and execute it (chmod -R o+rX %s), and what interprets it must be in a system folder, as /usr", err, p.spec.Code)
	}
	if err != nil {
		return err
	}
	p.pid = pid
	s.mu.Lock()
	s.running[pid] = p
	closed := s.closed
	s.mu.Unlock()
	if err = fit(p, s.machine.key); err == nil && closed {
		err = errors.New("the sandbox is closed")
	}
	if err != nil {
		_ = syscall.Kill(-pid, syscall.SIGKILL)
		s.collect(p)
	}
	return err
}

// fit waits until the process stops before its first instruction and gives it
// its limits.
func fit(p *Process, k key) error {
	var state syscall.WaitStatus
	for {
		_, err := syscall.Wait4(p.pid, &state, 0, nil)
		if err == nil {
			break
		}
		if err != syscall.EINTR {
			return os.NewSyscallError("wait4", err)
		}
	}
	if !state.Stopped() {
		return errors.New("it was killed as it began")
	}
	if err := limit(p, k); err != nil {
		return err
	}
	if p.cgroup != nil {
		return p.cgroup.put(p.pid)
	}
	return nil
}

// waitUntilDead waits for the end of a child and leaves it uncollected, so
// that its id, and that of its group, stay taken.
func waitUntilDead(pid int) {
	for unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
}

// collect notes how the process ended and frees its id.
func (s *Sandbox) collect(p *Process) {
	p.mu.Lock()
	var state syscall.WaitStatus
	var usage syscall.Rusage
	for {
		if _, err := syscall.Wait4(p.pid, &state, 0, &usage); err != syscall.EINTR {
			break
		}
	}
	p.collected = true
	p.ended(state, usage)
	p.mu.Unlock()

	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[p.pid] == p { // and not one who got the id since
		delete(s.running, p.pid)
	}
}
