package sandbox

import (
	"fmt"
	"sync"
	"syscall"
)

// A Process is a function's process and everything that it starts.
type Process struct {
	pid    int
	spec   Spec
	mark   uint64  // by which all that it starts is known
	user   int     // of its own, or zero
	cgroup *cgroup // of its own, or nil
	done   chan struct{}

	seen seen // by the watch alone

	mu        sync.Mutex
	collected bool // its id is free for others
	exit      Exit
	peak      int64
}

// Pid is the process id, which is also the id of its group.
func (p *Process) Pid() int { return p.pid }

// Done is closed when the process and all it started are gone.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit waits for Done and says how the process ended.
func (p *Process) Exit() Exit {
	<-p.done
	return p.exit
}

// Kill ends the process and everything it started. It does not wait.
func (p *Process) Kill() { _ = p.Signal(syscall.SIGKILL) }

// Signal sends a signal to the process and its group. To one that has ended
// is an error.
func (p *Process) Signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.collected {
		return fmt.Errorf("signal process %d: it has ended", p.pid)
	}
	return syscall.Kill(-p.pid, sig)
}
