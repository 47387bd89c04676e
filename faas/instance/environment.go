// Package instance is one execution environment: a process of a function, kept
// from the machine, with its own Runtime API, its own folder for /tmp and its
// own log stream. Its life is AWS Lambda's: initialised once, then one event
// after the other, until it is idle for too long, too slow, or dead.
//
// Source: "Understanding the Lambda execution environment lifecycle" in the
// AWS Lambda Developer Guide.
package instance

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"time"

	"triptych/faas/code"
	"triptych/faas/function"
	"triptych/faas/journal"
	"triptych/faas/runtimeapi"
	"triptych/faas/sandbox"
)

// termGrace is how long a process that has asked for SIGTERM gets to end.
const termGrace = 500 * time.Millisecond

// Options say what an environment is made of.
type Options struct {
	Config      *function.Config
	Code        *code.Code // released by Close
	Sandbox     *sandbox.Sandbox
	Stream      *journal.Stream // closed by Close
	Tmp         string          // a folder of its own, removed by Close
	Runner      string          // host:port of Lambda's API, for functions that call others
	Credentials Credentials
	Provisioned bool
	Freeze      bool // stop the process between events, as Lambda does

	// Free is called each time the process asks for an event. It must not block.
	Free func(*runtimeapi.Poll)
}

// Credentials are what a function signs its calls with.
type Credentials struct{ AccessKey, SecretKey, SessionToken string }

// An Environment outlives its process: one that has crashed or was too slow is
// started again in it, and finds its /tmp as it was.
type Environment struct {
	Options

	mu      sync.Mutex // guards what follows
	process *process
	inits   int // processes started so far
	last    Init
	closed  bool
}

// An Init is how the start of a process went.
type Init struct {
	Begun    time.Time
	Spawned  time.Time // the process exists
	Ready    time.Time // it has asked for its first event
	Reported bool      // some invocation has told of it in its REPORT line
}

// New returns an environment whose process is not started yet.
func New(o Options) *Environment { return &Environment{Options: o} }

// Start starts the process and returns once it is initialised. When that fails
// or takes more than Lambda's ten seconds, it is tried a second time within
// the function's timeout, as Lambda does with the first invocation. The error
// is a *Failure when it is the function's.
func (e *Environment) Start(ctx context.Context) error {
	limit := function.InitTimeout
	if e.Provisioned {
		limit = max(130*time.Second, e.Config.Timeout)
	}
	first := e.start(ctx, limit, "init")
	if failure, ok := errors.AsType[*Failure](first); !ok || failure.Fatal {
		return first
	}
	return e.start(ctx, e.Config.Timeout, "invoke")
}

func (e *Environment) start(ctx context.Context, limit time.Duration, phase string) error {
	in := Init{Begun: time.Now()}
	p, err := e.spawn()
	if err != nil {
		return &Failure{Type: "Runtime.InvalidEntrypoint", Fatal: true, Message: "the program cannot be started: " + err.Error()}
	}
	in.Spawned = time.Now()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.api.Ready():
		if reply, failed := p.api.InitError(); failed {
			p.end()
			e.initReport(in, phase, "error", reply.ErrorType)
			return &Failure{Type: reply.ErrorType, Payload: reply.Payload}
		}
	case <-p.done:
		e.initReport(in, phase, "error", "Runtime.ExitError")
		return &Failure{Type: "Runtime.ExitError", Message: p.words()}
	case <-timer.C:
		p.end()
		e.initReport(in, phase, "timeout", "")
		return &Failure{Type: "Sandbox.Timedout", Message: timedOut(limit)}
	case <-ctx.Done():
		p.end()
		return ctx.Err()
	}
	in.Ready = time.Now()
	e.mu.Lock()
	e.last = in
	e.mu.Unlock()
	return nil
}

// spawn starts the process.
func (e *Environment) spawn() (*process, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errors.New("the environment is closed")
	}
	e.inits++
	p, err := startProcess(e)
	if err != nil {
		return nil, err
	}
	e.process = p
	return p, nil
}

func (e *Environment) initReport(in Init, phase, status, kind string) {
	line := fmt.Sprintf("INIT_REPORT Init Duration: %s ms\tPhase: %s\tStatus: %s", ms(time.Since(in.Begun)), phase, status)
	if kind != "" {
		line += "\tError Type: " + kind
	}
	e.say(line + "\n")
}

// Done is closed when the process that was last started has ended.
func (e *Environment) Done() <-chan struct{} { return e.current().done }

// LastInit is how the last start went.
func (e *Environment) LastInit() Init {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.last
}

func (e *Environment) current() *process {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.process
}

// claimInit returns how the last start went, once: to the first invocation
// after it.
func (e *Environment) claimInit() (Init, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.last.Reported || e.last.Ready.IsZero() {
		return Init{}, false
	}
	e.last.Reported = true
	return e.last, true
}

// Close ends the process, asking it first when it has registered for that, and
// removes what the environment held. It returns when everything is gone.
func (e *Environment) Close() {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return
	}
	e.closed = true
	p := e.process
	e.mu.Unlock()
	if p != nil {
		p.stop()
	}
	if err := os.RemoveAll(e.Tmp); err != nil {
		slog.Warn("the folder of an instance was not removed", "err", err)
	}
	e.Stream.Close()
	e.Code.Release()
}

// say writes a line of the runner's own among those of the function.
func (e *Environment) say(line string) { _, _ = e.Stream.Write([]byte(line)) }

// ms writes a duration as Lambda's log lines do: milliseconds with two decimals.
func ms(d time.Duration) string {
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 2, 64)
}
