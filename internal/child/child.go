// Package child starts processes that never outlive us: however this process
// ends, kill -9 included, its children are asked to end and then made to.
//
// Each child leads a process group of its own. So Ctrl-C in a terminal reaches
// only this process, which stops its children in the order it wants, and a
// child is ended together with whatever it started.
package child

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// Grace is how long a child has to end after this process was killed, before
// it is killed too.
const Grace = 5 * time.Second

// outputDelay is how long a child's output is still read after its end, when
// something it started holds the pipe.
const outputDelay = 500 * time.Millisecond

// A Process is a child that was started.
type Process struct {
	cmd  *exec.Cmd
	ask  syscall.Signal
	done chan struct{}
	err  error
}

// Start starts cmd. ask is the signal that asks it to end; zero is SIGTERM.
// The caller may set everything in cmd but a process group.
func Start(cmd *exec.Cmd, ask syscall.Signal) (*Process, error) {
	if ask == 0 {
		ask = syscall.SIGTERM
	}
	w, err := theWatcher()
	if err != nil {
		return nil, fmt.Errorf("watch over children: %w", err)
	}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
	cmd.WaitDelay = outputDelay
	if err := startTied(cmd, ask); err != nil {
		return nil, err
	}
	p := &Process{cmd: cmd, ask: ask, done: make(chan struct{})}
	if err := w.add(p.Pid(), ask); err != nil {
		_ = p.kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("watch over children: %w", err)
	}
	go p.wait(w)
	return p, nil
}

func (p *Process) wait(w *watcher) {
	err := p.cmd.Wait()
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil // it ended well; only its output was cut short
	}
	_ = p.kill() // what it started and left behind
	w.remove(p.Pid())
	p.err = err
	close(p.done)
}

// Pid is the process id, which is also the id of its group.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended and its output has been written.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the end of the process and says how it ended: nil, or an
// *exec.ExitError.
func (p *Process) Wait() error {
	<-p.done
	return p.err
}

// Stop asks the process and its group to end, kills them when ctx is done
// first, and returns when the process has ended. Stopping a process that has
// ended does nothing.
func (p *Process) Stop(ctx context.Context) {
	select {
	case <-p.done:
		return
	default:
	}
	_ = syscall.Kill(-p.Pid(), p.ask)
	select {
	case <-p.done:
	case <-ctx.Done():
		p.Kill()
	}
}

// Kill kills the process and its group at once and waits for the end.
func (p *Process) Kill() {
	select {
	case <-p.done:
		return
	default:
	}
	_ = p.kill()
	<-p.done
}

func (p *Process) kill() error { return syscall.Kill(-p.Pid(), syscall.SIGKILL) }
