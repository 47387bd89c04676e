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
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"triptych/faas/code"
	"triptych/faas/function"
	"triptych/faas/journal"
	"triptych/faas/runtimeapi"
	"triptych/faas/sandbox"
)

const (
	// termGrace is how long a process that has asked for SIGTERM gets to end.
	termGrace = 500 * time.Millisecond

	// provisionedInit is how long the initialisation of an instance may take
	// at least that is started before it is needed.
	provisionedInit = 130 * time.Second
)

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
	Freeze      bool          // stop the process between events, as Lambda does
	InitTimeout time.Duration // of a first initialisation; 0 is Lambda's 10 s

	// Free is called each time the process asks for an event. It must not block.
	Free func(*runtimeapi.Poll)
}

// Credentials are what a function signs its calls with.
type Credentials struct{ AccessKey, SecretKey, SessionToken string }

// An Environment outlives its process: one that has crashed or was too slow is
// started again in it, and finds its /tmp as it was.
type Environment struct {
	Options

	process atomic.Pointer[process] // the last that was started

	mu     sync.Mutex // held while a process is being spawned
	closed bool
	failed bool // its Failure still writes to Stream
}

// An Init is how the start of a process went.
type Init struct {
	Begun   time.Time
	Spawned time.Time // the process exists
	Ready   time.Time // it has asked for its first event

	// Suppressed says that it was not the environment's first, or that the
	// first has failed. Lambda counts such an initialisation as a part of the
	// invocation that it was needed for, and reports no Init Duration.
	Suppressed bool
}

// Duration is how long it took.
func (i Init) Duration() time.Duration { return i.Ready.Sub(i.Begun) }

// New returns an environment whose process is not started yet.
func New(o Options) *Environment { return &Environment{Options: o} }

// Start starts the process and returns once it is initialised. When that fails
// or takes more than Lambda's ten seconds, it is tried a second time within
// the function's timeout, as Lambda does with the first invocation; and so is
// every later start. The error is a *Failure when it is the function's. No
// process is left then.
func (e *Environment) Start(ctx context.Context) error {
	if e.process.Load() == nil || e.Provisioned {
		err := e.start(ctx, e.initTimeout(), phaseInit)
		if failure, ok := errors.AsType[*Failure](err); !ok || failure.Fatal || e.Provisioned {
			return err
		}
	}
	return e.start(ctx, e.Config.Timeout, phaseInvoke)
}

func (e *Environment) initTimeout() time.Duration {
	switch {
	case e.InitTimeout > 0:
		return e.InitTimeout
	case e.Provisioned:
		return max(provisionedInit, e.Config.Timeout)
	}
	return function.InitTimeout
}

func (e *Environment) start(ctx context.Context, limit time.Duration, during phase) error {
	in := Init{Begun: time.Now(), Suppressed: during == phaseInvoke}
	p, err := e.spawn(ctx)
	if err != nil {
		return e.notSpawned(in, err)
	}
	in.Spawned = time.Now()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.api.Ready():
		if reply, failed := p.api.InitError(); failed {
			p.end()
			return e.initFailed(p, in, during, reported(reply))
		}
	case <-p.done:
		if reply, failed := p.api.InitError(); failed { // and then it has ended
			return e.initFailed(p, in, during, reported(reply))
		}
		return e.initFailed(p, in, during, &Failure{Type: exitError, Message: p.words()})
	case <-timer.C:
		p.end()
		return e.initFailed(p, in, during, &Failure{Type: timeoutError, Message: timedOut(limit)})
	case <-ctx.Done():
		p.end()
		return ctx.Err()
	}
	in.Ready = time.Now()
	p.init = in
	return nil
}

// spawn starts the process.
func (e *Environment) spawn(ctx context.Context) (*process, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, errors.New("the environment is closed")
	}
	p, err := startProcess(ctx, e)
	if err != nil {
		return nil, err
	}
	e.process.Store(p)
	return p, nil
}

// Done is closed when the process that was last started has ended; there must
// have been one.
func (e *Environment) Done() <-chan struct{} { return e.process.Load().done }

// Close ends the process, asking it first when it has registered for that, and
// removes what the environment held. It returns when everything is gone.
func (e *Environment) Close() {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return
	}
	e.closed = true
	e.mu.Unlock()
	if p := e.process.Load(); p != nil {
		p.stop()
	}
	if err := RemoveFolder(e.Tmp); err != nil {
		slog.Warn("the folder of an instance was not removed", "function", e.Config.Name, "err", err)
	}
	if !e.failed {
		e.Stream.Close()
	}
	e.Code.Release()
}
