package instance

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"triptych/faas/runtimeapi"
)

// A phase is when a process is initialised: before there is an event for it,
// or as a part of an invocation. Lambda's log names it.
type phase string

const (
	phaseInit   phase = "init"
	phaseInvoke phase = "invoke"
)

// A Failure is an initialisation that failed by the function's fault.
type Failure struct {
	Type    string
	Message string
	Payload []byte // as the function reported it; empty when it could not
	Fatal   bool   // a second try would be no better

	env    *Environment
	init   Init
	took   time.Duration
	memory int
	tail   []byte
}

func (f *Failure) Error() string {
	if f.Message == "" {
		return f.Type + ": " + string(f.Payload)
	}
	return f.Type + ": " + f.Message
}

// Outcome is what the invocation that waited for the initialisation gets. It
// writes that invocation's lines to the log, and so is called once.
func (f *Failure) Outcome(requestID string) Outcome {
	o := Outcome{Payload: f.Payload, ContentType: "application/json", Failed: true, ErrorType: f.Type, platform: true}
	if len(f.Payload) == 0 {
		o = broken(f.Type, requestID, f.Message)
	}
	if f.env == nil {
		return o
	}
	o.Cold, o.Init = true, f.init
	o.Duration, o.MaxMemory = f.took, f.memory
	o.Billed = wholeMs(f.took)
	var lines []byte
	lines = appendStart(lines, requestID, f.env.Config.Version)
	lines = appendReport(lines, f.env.Config.Memory, requestID, f.Message, &o)
	_, _ = f.env.Stream.Write(lines)
	var t tail
	t.write(f.tail)
	t.write(lines)
	o.LogTail = t.kept
	return o
}

// reported is what a function said of its own initialisation. One that has no
// name for its failure has Lambda's.
func reported(r runtimeapi.Reply) *Failure {
	return &Failure{Type: cmp.Or(r.ErrorType, "Runtime.Unknown"), Payload: r.Payload}
}

// initFailed tells the log of an initialisation of p that failed, and keeps
// what its Outcome will say.
func (e *Environment) initFailed(p *process, in Init, during phase, f *Failure) error {
	f.took = time.Since(in.Begun)
	f.memory = p.maxMemory(f.took)
	e.fail(f, in)
	line := fmt.Sprintf("INIT_REPORT Init Duration: %s ms\tPhase: %s\tStatus: ", ms(f.took), during)
	if f.Type == timeoutError {
		line += "timeout"
	} else {
		line += "error\tError Type: " + f.Type
	}
	e.Stream.Line(line)
	f.tail = p.output.initTail()
	f.tail = append(f.tail, line+"\n"...)
	return f
}

func (e *Environment) fail(f *Failure, in Init) {
	in.Ready = in.Begun.Add(f.took)
	in.Suppressed = true
	f.env, f.init = e, in
	e.failed = true
}

// unrunnable is what systems say of a program that they cannot run.
var unrunnable = []syscall.Errno{
	syscall.ENOEXEC, syscall.ENOENT, syscall.EACCES, syscall.ENOTDIR, syscall.EISDIR, syscall.ELOOP, badLibrary,
}

// notSpawned tells whose fault it is that there is no process: the function's
// when its program is none that this machine can run.
func (e *Environment) notSpawned(in Init, err error) error {
	errno, ok := errors.AsType[syscall.Errno](err)
	if !ok || !slices.Contains(unrunnable, errno) {
		return err
	}
	f := &Failure{Type: "Runtime.InvalidEntrypoint", Message: "fork/exec /var/task/bootstrap: " + errno.Error(), Fatal: true}
	f.took = time.Since(in.Begun)
	in.Spawned = in.Begun.Add(f.took)
	e.fail(f, in)
	line := fmt.Sprintf("INIT_REPORT Init Duration: %s ms\tPhase: %s\tStatus: error\tError Type: %s", ms(f.took), phaseInit, f.Type)
	e.Stream.Line(err.Error())
	e.Stream.Line(line)
	f.tail = []byte(err.Error() + "\n" + line + "\n")
	return f
}
