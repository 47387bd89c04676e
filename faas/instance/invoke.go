package instance

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"triptych/faas/function"
	"triptych/faas/runtimeapi"
)

// Errors that Lambda reports of a function that could not do it itself.
const (
	exitError    = "Runtime.ExitError"
	timeoutError = "Sandbox.Timedout"
	sizeError    = "Function.ResponseSizeTooLarge"
)

// An Outcome is how an invocation ended.
type Outcome struct {
	Payload     []byte
	ContentType string
	Failed      bool   // the payload is an error, of the function or about it
	ErrorType   string // Sandbox.Timedout, Runtime.ExitError, …; empty when the function did not name one
	Cold        bool   // it was the first of its process
	Init        Init   // when cold
	Duration    time.Duration
	Billed      time.Duration // whole milliseconds, with the initialisation
	MaxMemory   int           // MB
	LogTail     []byte        // the last 4 KB of the log, when asked for

	platform bool   // the error is about the function, not of it
	traceID  string // that the function was given
}

// Invoke gives an event to the process that waits at poll, which came by way
// of Options.Free, and returns how it ended. It returns false when the process
// was gone before it could take it; the outcome then is what there would be to
// say of that. The event's deadline is set here: the function's timeout begins
// now.
func (e *Environment) Invoke(poll *runtimeapi.Poll, event runtimeapi.Event, wantTail bool) (Outcome, bool) {
	// A poll of an earlier process takes no event, as its server is closed
	// before the next process is started.
	p := e.process.Load()
	if p.alone {
		// It may have asked for this event before the lines that end the one
		// before were written.
		p.turn.Lock()
		defer p.turn.Unlock()
	}
	first := !p.claimed.Load() && p.claimed.CompareAndSwap(false, true)
	limit, within := e.Config.Timeout, time.Duration(0)
	if first && p.init.Suppressed {
		within = p.init.Duration()
	}
	p.thaw()
	begun := time.Now().Add(-within)
	event.Deadline = begun.Add(limit)
	x, tail := p.output.begin(poll, &event, e.Config.Version, wantTail)
	if x == nil {
		return p.gone(event.RequestID, first), false
	}
	if first {
		p.maxMemory(0) // as it may not live until the end
	}
	o, message, taken := p.await(x)
	if !taken {
		p.output.drop(tail)
		return p.gone(event.RequestID, first), false
	}
	o.Duration = time.Since(begun)
	if o.ErrorType == timeoutError && o.platform {
		o.Duration = limit // the rest was for ending it
	}
	o.Billed = wholeMs(o.Duration)
	if first {
		o.Cold, o.Init = true, p.init
		if !p.init.Suppressed {
			// Since August 2025 the initialisation of every kind of function.
			o.Billed = wholeMs(o.Duration + p.init.Duration())
		}
	}
	o.MaxMemory = p.maxMemory(o.Duration)
	o.traceID = event.TraceID
	o.LogTail = p.output.finish(e.Config.Memory, event.RequestID, message, &o, tail)
	return o, true
}

// timers are kept from one invocation to the next.
var timers = sync.Pool{New: func() any {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}}

// await waits for the answer, the end of the process or the deadline,
// whichever is first. It returns false when the process did not take the event
// and lives; and what the log is to say of a process that failed.
func (p *process) await(x *runtimeapi.Exchange) (o Outcome, message string, taken bool) {
	timer := timers.Get().(*time.Timer)
	timer.Reset(time.Until(x.Deadline))
	select {
	case <-x.Done():
		timer.Stop()
		timers.Put(timer)
	case <-timer.C:
		timers.Put(timer)
		p.stop()
		message = timedOut(p.env.Config.Timeout)
		return broken(timeoutError, x.RequestID, message), message, true
	}
	reply, answered := x.Reply()
	switch {
	case !answered && !p.ending():
		return Outcome{}, "", false
	case !answered:
		message = p.words()
		return broken(exitError, x.RequestID, message), message + p.limitWords(), true
	case reply.TooLarge:
		limit := function.MaxReply
		if x.Stream != nil && x.Stream.HasBegun() {
			limit = function.MaxStream
		}
		message = fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", limit)
		return broken(sizeError, "", message), message, true
	}
	o = Outcome{Payload: reply.Payload, ContentType: reply.ContentType, Failed: reply.Failed, ErrorType: reply.ErrorType}
	if o.Failed {
		o.ContentType = "application/json"
	}
	return o, "", true
}

// gone is what there is to say when a process had ended before it took an
// event, for who does not try again. If it would have been the first, the next
// one is.
func (p *process) gone(requestID string, first bool) Outcome {
	if first {
		p.claimed.Store(false)
	}
	if !p.ending() {
		return broken(exitError, requestID, "Runtime does not take events")
	}
	return broken(exitError, requestID, p.words())
}

func timedOut(limit time.Duration) string {
	return fmt.Sprintf("Task timed out after %.2f seconds", limit.Seconds())
}

func broken(kind, requestID, message string) Outcome {
	return Outcome{Payload: describe(kind, requestID, message), ContentType: "application/json", Failed: true, ErrorType: kind, platform: true}
}

// describe is the payload of an error that the function could not report
// itself. A request id that is not empty stands before the message.
func describe(kind, requestID, message string) []byte {
	if requestID != "" {
		message = "RequestId: " + requestID + " Error: " + message
	}
	b, _ := json.Marshal(struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{kind, message})
	return b
}

// wholeMs is what Lambda bills of a time.
func wholeMs(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}
