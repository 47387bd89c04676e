package instance

import (
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"triptych/faas/function"
	"triptych/faas/runtimeapi"
	"triptych/faas/sandbox"
)

// Lambda's quotas of one environment.
const (
	maxProcesses = 1024
	maxFiles     = 1024
)

// A process is one run of the function's program.
type process struct {
	env    *Environment
	api    *runtimeapi.Server
	os     *sandbox.Process
	output *output
	done   chan struct{} // closed when it and its Runtime API are gone

	peak    atomic.Int64 // bytes, when last looked
	peakAt  atomic.Int64 // Unix nanoseconds of that look
	stopped bool         // by SIGSTOP; only the holder of a poll looks
}

func startProcess(e *Environment) (*process, error) {
	p := &process{env: e, done: make(chan struct{})}
	api, err := runtimeapi.Serve(p.free)
	if err != nil {
		return nil, err
	}
	out, writer, err := newOutput(e.Stream)
	if err != nil {
		api.Close()
		return nil, err
	}
	p.api, p.output = api, out
	p.os, err = e.Sandbox.Start(p.spec(writer))
	writer.Close()
	if err != nil {
		api.Close()
		out.close()
		return nil, err
	}
	go p.wait()
	return p, nil
}

func (p *process) spec(out *os.File) sandbox.Spec {
	e, c := p.env, p.env.Config
	connect := append([]uint16{p.api.Port()}, c.Runner.Connect...)
	if port := portOf(e.Runner); port != 0 {
		connect = append(connect, port)
	}
	return sandbox.Spec{
		Level:     sandbox.Level(c.Runner.Isolation),
		Code:      e.Code.Dir,
		Program:   e.Code.Bootstrap,
		Tmp:       e.Tmp,
		Env:       e.environ(p.api.Addr()),
		Output:    out,
		Memory:    function.MB(c.Memory),
		TmpSize:   function.MB(c.TmpSize),
		Processes: maxProcesses,
		Files:     maxFiles,
		Connect:   connect,
	}
}

// wait sees to it that nobody waits for a process that has ended.
func (p *process) wait() {
	<-p.os.Done()
	p.output.close()
	p.api.Close()
	close(p.done)
}

// free tells that the process waits for an event; frozen, if that is wanted.
func (p *process) free(poll *runtimeapi.Poll) {
	if p.env.Freeze && p.env.Config.Runner.Slots() == 1 {
		p.stopped = p.os.Signal(syscall.SIGSTOP) == nil
	}
	p.env.Free(poll)
}

func (p *process) thaw() {
	if p.stopped {
		p.stopped = false
		_ = p.os.Signal(syscall.SIGCONT)
	}
}

// end kills the process and returns when it is gone.
func (p *process) end() {
	p.os.Kill()
	<-p.done
}

// stop ends the process, and asks it first when it has registered for that.
func (p *process) stop() {
	select {
	case <-p.done:
		return
	default:
	}
	if p.api.WantsTerm() {
		p.thaw()
		_ = p.os.Signal(syscall.SIGTERM)
		select {
		case <-p.done:
		case <-time.After(termGrace):
		}
	}
	p.end()
}

// words are Lambda's about how the process ended.
func (p *process) words() string {
	exit := p.os.Exit()
	if exit.Code == 0 && exit.Signal == 0 {
		return "Runtime exited without providing a reason"
	}
	return "Runtime exited with error: " + exit.String()
}

// maxMemory is the most memory that the process has held, in MB, looked at
// often enough for a log line and seldom enough to cost nothing.
func (p *process) maxMemory() int {
	const seldom = 100 * time.Millisecond
	now := time.Now().UnixNano()
	if last := p.peakAt.Load(); now-last > int64(seldom) && p.peakAt.CompareAndSwap(last, now) {
		p.peak.Store(p.os.MaxMemory())
	}
	return int((p.peak.Load() + 1<<20 - 1) >> 20)
}
