package sandbox

import (
	"fmt"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// onOwnThread runs f on a thread that ends with it. A process is started from
// a thread that has first given up for itself what the process may not have:
// privileges, files, ports and system calls are a thread's on Linux, and what
// it starts inherits them. So nothing has to be run between us and the
// function.
//
// The thread is never the first of this process: what that one gives up, the
// process has given up.
func onOwnThread(f func()) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		f()
		return // locked: the thread ends
	}
	taken := make(chan struct{})
	go onOwnThread(func() { // elsewhere, as this thread is taken
		close(taken)
		f()
	})
	<-taken
	runtime.UnlockOSThread()
}

// A job is a process to start, and where to say whether it was.
type job struct {
	p       *Process
	started chan<- error
}

// spares are threads that have given up all that is the same for every
// process of the runner's level, and wait for one. That is most of what
// confining takes.
type spares struct {
	jobs chan job
	done chan struct{}

	mu     sync.Mutex
	closed bool
	wg     sync.WaitGroup
}

// nSpares is how many threads wait: cold starts often come in pairs.
const nSpares = 2

func newSpares() *spares { return &spares{jobs: make(chan job), done: make(chan struct{})} }

// add prepares one more thread, while others go on.
func (sp *spares) add(s *Sandbox) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if sp.closed {
		return
	}
	sp.wg.Add(1)
	go onOwnThread(func() {
		var t thread
		if err := t.prepare(s.machine, s.level, false); err != nil {
			t.drop()
			sp.wg.Done()
			return // Start will say so, as it finds no spare
		}
		select {
		case j := <-sp.jobs:
			sp.wg.Done()
			s.run(&t, j)
		case <-sp.done:
			t.drop()
			sp.wg.Done()
		}
	})
}

// close ends the threads that wait.
func (sp *spares) close() {
	sp.mu.Lock()
	sp.closed = true
	sp.mu.Unlock()
	close(sp.done)
	sp.wg.Wait()
}

// A thread is the calling one on its way to give up what a process may not
// have.
type thread struct {
	rules  *ruleset
	filter filter
}

// prepare gives up what all processes of a level may not have.
func (t *thread) prepare(m machine, level Level, udp bool) error {
	if level == None {
		return nil
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	if level == Basic {
		return nil
	}
	if level == Strict {
		if err := enterNamespaces(); err != nil {
			return err
		}
	}
	var err error
	if t.rules, err = m.landlock.open(); err != nil {
		return err
	}
	t.filter = m.filter
	if udp {
		t.filter = m.udpFilter
	}
	if level == Strict {
		return nil // its folder is to be mounted yet
	}
	return t.install()
}

// finish gives up what this process may not have.
func (t *thread) finish(spec Spec, user int) error {
	defer t.drop()
	if spec.Level == None {
		return nil
	}
	if spec.Level == Strict {
		if err := bindTmp(spec.Tmp); err != nil {
			return err
		}
	}
	if err := t.install(); err != nil {
		return err
	}
	if t.rules != nil {
		if err := t.rules.confine(spec); err != nil {
			return err
		}
	}
	if user != 0 {
		return become(user)
	}
	return dropCapabilities()
}

// install gives up system calls.
func (t *thread) install() error {
	f := t.filter
	t.filter = nil
	if f == nil {
		return nil
	}
	return f.install()
}

// drop lets go of what was prepared.
func (t *thread) drop() {
	if t.rules != nil {
		t.rules.close()
		t.rules = nil
	}
}
