package instance

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"sync"
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
	env     *Environment
	api     *runtimeapi.Server
	os      *sandbox.Process // nil when it could not be started
	output  *output
	spawned chan struct{} // closed when os is set
	done    chan struct{} // closed when it and its Runtime API are gone

	alone   bool        // it takes one event at a time
	turn    sync.Mutex  // of who gives it one, when alone
	init    Init        // set before there are events
	claimed atomic.Bool // some invocation tells of init

	peak   atomic.Int64 // bytes, when last looked
	peakAt atomic.Int64 // Unix nanoseconds of that look
	freeze freezer
}

// startProcess starts the program of an environment.
func startProcess(ctx context.Context, e *Environment) (*process, error) {
	p := &process{env: e, spawned: make(chan struct{}), done: make(chan struct{}), alone: e.Config.Runner.Slots() == 1}
	api, err := runtimeapi.Serve(e.Config.Runner.Slots(), p.free)
	if err != nil {
		return nil, err
	}
	out, writer, err := newOutput(e.Stream)
	if err != nil {
		close(p.spawned)
		api.Close()
		return nil, err
	}
	p.api, p.output = api, out
	p.os, err = startBusy(ctx, e.Sandbox, p.spec(writer))
	close(p.spawned)
	writer.Close()
	if err != nil {
		api.Close()
		out.close()
		return nil, err
	}
	go p.wait()
	return p, nil
}

// startBusy starts a program that may have just been written: another process,
// forked in that moment, may have it open for writing until it begins its own
// program, and so long this one is "text file busy" (golang.org/issue/22315).
func startBusy(ctx context.Context, s *sandbox.Sandbox, spec sandbox.Spec) (*sandbox.Process, error) {
	for pause := time.Millisecond; ; pause *= 2 {
		p, err := s.Start(spec)
		if err == nil || !errors.Is(err, syscall.ETXTBSY) || pause > time.Second {
			return p, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
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

func portOf(addr string) uint16 {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(port, 10, 16)
	return uint16(n)
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
	if p.env.Freeze && p.alone {
		<-p.spawned
		p.freeze.stop(p.os)
	}
	p.env.Free(poll)
}

func (p *process) thaw() {
	if p.env.Freeze {
		p.freeze.goOn(p.os)
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
		_ = p.os.Signal(syscall.SIGTERM)
		p.freeze.noMore(p.os)
		grace := time.NewTimer(termGrace)
		defer grace.Stop()
		select {
		case <-p.done:
		case <-grace.C:
		}
	}
	p.end()
}

// ending tells whether the process has ended, and then waits until everything
// about it is known.
func (p *process) ending() bool {
	select {
	case <-p.os.Done():
		<-p.done
		return true
	default:
		return false
	}
}

// words are Lambda's about how the process ended.
func (p *process) words() string {
	exit := p.os.Exit()
	if exit.Code == 0 && exit.Signal == 0 {
		return "Runtime exited without providing a reason"
	}
	return "Runtime exited with error: " + exit.String()
}

// limitWords say which limit ended the process, for the log.
func (p *process) limitWords() string {
	switch exit, c := p.os.Exit(), p.env.Config; {
	case exit.OutOfMemory:
		return ": it took more than its " + strconv.Itoa(c.Memory) + " MB of memory"
	case exit.OutOfDisk:
		return ": it wrote more than its " + strconv.Itoa(c.TmpSize) + " MB of /tmp"
	}
	return ""
}

// maxMemory is the most memory that the process has held, in MB, looked at
// often enough for a log line and seldom enough to cost nothing: after an
// invocation that took long, and now and then.
func (p *process) maxMemory(took time.Duration) int {
	const (
		seldom = 100 * time.Millisecond
		long   = 5 * time.Millisecond
	)
	now := time.Now().UnixNano()
	last := p.peakAt.Load()
	if took >= long || now-last > int64(seldom) || p.over() {
		p.peakAt.Store(now)
		p.peak.Store(p.os.MaxMemory())
	}
	return int((p.peak.Load() + 1<<20 - 1) >> 20)
}

func (p *process) over() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}
