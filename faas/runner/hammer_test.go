package runner_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"triptych/faas/function"
	"triptych/faas/registry"
	"triptych/faas/runner"
	"triptych/internal/waittest"
)

// Events that answer, fail, crash, are too slow or are given up, of functions
// that are changed meanwhile: each has the answer that is its own, and all
// come to an end.
func TestAnythingWithProcesses(t *testing.T) {
	l := newLab(t, func(o *runner.Options) { o.KeepAlive = 50 * time.Millisecond })
	four := 4
	names := []string{
		l.function("events", timeout(time.Second)),
		l.function("events", timeout(time.Second), func(f *registry.Function) { f.Reserved = &four }),
		l.function("events", timeout(time.Second), configured(func(c *function.Config) { c.Runner.MaxConcurrency = 4 })),
	}
	var events sync.WaitGroup
	for caller := range 8 {
		events.Go(func() {
			chance := rand.New(rand.NewPCG(uint64(caller), 6))
			for i := range 30 {
				name := names[chance.IntN(len(names))]
				if chance.IntN(25) == 0 {
					l.change(name)
				}
				one(l, name, fmt.Sprint(caller, "-", i), chance)
			}
		})
	}
	events.Wait()
	waittest.Until(t, "all is at zero", func() bool { return len(l.Counts()) == 0 })
}

// one is an event. An instance of several slots ends with whatever else it
// works on.
func one(l *lab, name, text string, chance *rand.Rand) {
	ctx, cancel := l.Context(), context.CancelFunc(func() {})
	if chance.IntN(10) == 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(chance.IntN(5))*time.Millisecond)
	}
	defer cancel()
	payload, want := event("echo", text, chance.IntN(5)), fmt.Sprintf("%q", text)
	switch chance.IntN(25) {
	case 0:
		payload, want = event("exit", 3), "exit status 3"
	case 1:
		payload, want = event("panic", text), text
	case 2:
		payload, want = event("error", text), text
	case 3:
		payload, want = event("kill", 9), "signal: killed"
	case 4:
		payload, want = event("sleep", 5000), "timed out after 1.00 seconds"
	}
	r, err := l.Invoke(ctx, runner.Invocation{Ref: function.Ref{Name: name}, Payload: []byte(payload)})
	e, ok := errors.AsType[*function.Error](err)
	switch {
	case ok && e.Reason != "", ctx.Err() != nil && errors.Is(err, ctx.Err()):
	case err != nil:
		l.Errorf("%s: %v", payload, err)
	case strings.Contains(string(r.Payload), want):
	case r.ErrorType == "Runtime.ExitError": // of a neighbour's crash
		if c, _ := l.Registry.Get(name); c.Latest.Runner.Slots() == 1 {
			l.Errorf("%s was answered with %s", payload, r.Payload)
		}
	default:
		l.Errorf("%s was answered with %s", payload, r.Payload)
	}
}
