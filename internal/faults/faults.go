// Package faults has things go wrong on purpose, at named points of the code, so
// that a test can ask of each: and if the process dies here? The points are
// compiled in and do nothing until a fault is planted, which only a process that
// was started with FAULTS=on allows.
package faults

import (
	"context"
	"os"
	"sync/atomic"
	"time"
)

// A Kind is what goes wrong.
type Kind int

// The kinds.
const (
	Exit       Kind = iota + 1 // the step is done, and the process ends before anybody hears of it
	Error                      // the step is done, and told as failed
	Stall                      // the step is done after a while
	Duplicate                  // the step is done twice
	ExitBefore                 // the process ends before the step is done
)

// enabled is the switchboard of this process, or nil. It is the one variable of
// its kind here: points are everywhere, and handing a switchboard to whatever
// has one would put into every constructor what no production process has.
var enabled atomic.Pointer[Switchboard]

// Point does a step of the program, do, at a named point. When a fault is
// planted there, it goes wrong, once. Name the point by a literal, and no other
// by the same: a test finds all of them in the source.
func Point(ctx context.Context, name string, do func(context.Context) error) error {
	s := enabled.Load()
	if s == nil {
		return do(ctx)
	}
	return s.reach(name).spoil(ctx, name, do)
}

// A PlantedError is what an Error fault tells. It passes for a network's time
// that ran out: whoever hears it cannot know whether the step was done.
type PlantedError struct{ Point string }

// Error names the point.
func (e *PlantedError) Error() string { return "a fault was planted at " + e.Point }

// Timeout makes it a net.Error, which is taken for unknown rather than failed.
func (e *PlantedError) Timeout() bool { return true }

// Temporary is the other half of a net.Error.
func (e *PlantedError) Temporary() bool { return true }

// killed is the status of a process that ended by kill -9.
const killed = 137

// planted is a fault at a point; without a kind it is none.
type planted struct {
	kind  Kind
	stall time.Duration
}

func (f planted) spoil(ctx context.Context, name string, do func(context.Context) error) error {
	switch f.kind {
	case 0:
		return do(ctx)
	case ExitBefore:
		os.Exit(killed)
	case Stall:
		return late(ctx, f.stall, do)
	}
	if err := do(ctx); err != nil {
		return err
	}
	switch f.kind {
	case Exit: // nothing is flushed, nothing deferred; unlike a signal, it also ends the first process of a container
		os.Exit(killed)
	case Error:
		return &PlantedError{name}
	case Duplicate:
		return do(ctx)
	}
	return nil
}

// late does the step after a while, also when its caller has given up by then,
// which is what a paused process or a slow network does: the step gets as much
// time as it would have had at once.
func late(ctx context.Context, d time.Duration, do func(context.Context) error) error {
	began := time.Now()
	time.Sleep(d)
	deadline, bounded := ctx.Deadline()
	ctx = context.WithoutCancel(ctx)
	if bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, deadline.Sub(began))
		defer cancel()
	}
	return do(ctx)
}
