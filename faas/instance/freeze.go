package instance

import (
	"sync"
	"syscall"

	"triptych/faas/sandbox"
)

// A freezer stops a process and all of its group while there is nothing to do,
// as Lambda does: what a function has left running in the background goes on
// with the next event.
type freezer struct {
	mu      sync.Mutex
	stopped bool
	over    bool // the process is to end, and needs to run for that
}

func (f *freezer) stop(p *sandbox.Process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.over && p != nil {
		f.stopped = p.Signal(syscall.SIGSTOP) == nil
	}
}

func (f *freezer) goOn(p *sandbox.Process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped {
		f.stopped = false
		_ = p.Signal(syscall.SIGCONT)
	}
}

// noMore has the process run until its end.
func (f *freezer) noMore(p *sandbox.Process) {
	f.mu.Lock()
	f.over = true
	f.mu.Unlock()
	f.goOn(p)
}
