package instance

import (
	"encoding/json"
	"fmt"
	"net"
	"strconv"
	"time"

	"triptych/faas/function"
	"triptych/faas/runtimeapi"
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
}

// A Failure is an initialisation that failed by the function's fault.
type Failure struct {
	Type    string
	Message string
	Payload []byte // as the function reported it; empty when it could not
	Fatal   bool   // a second try would be no better
}

func (f *Failure) Error() string { return f.Type + ": " + f.Message }

// Outcome is what the invocation that waited for the initialisation gets.
func (f *Failure) Outcome(requestID string) Outcome {
	payload := f.Payload
	if len(payload) == 0 {
		payload = describe(f.Type, requestID, f.Message)
	}
	return Outcome{Payload: payload, ContentType: "application/json", Failed: true, ErrorType: f.Type}
}

// Invoke gives an event to the process that waits at poll, which came by way
// of Options.Free, and returns how it ended. It returns false when the process
// was gone before it could take it. The event's deadline is set here: the
// function's timeout begins now.
func (e *Environment) Invoke(poll *runtimeapi.Poll, event runtimeapi.Event, wantTail bool) (Outcome, bool) {
	p := e.current()
	p.thaw()
	var cut func() []byte
	if wantTail {
		cut = p.output.keepTail()
	}
	p.output.say("START RequestId: " + event.RequestID + " Version: " + e.Config.Version + "\n")
	begun := time.Now()
	event.Deadline = begun.Add(e.Config.Timeout)
	x, ok := poll.Give(event)
	if !ok {
		return Outcome{}, false
	}
	o := p.await(x)
	o.Duration = time.Since(begun)
	if in, first := e.claimInit(); first {
		o.Cold, o.Init = true, in
	}
	o.Billed = billed(o)
	o.MaxMemory = p.maxMemory()
	p.output.catchUp()
	p.output.say(e.report(event, o))
	if cut != nil {
		o.LogTail = cut()
	}
	return o, true
}

// await waits for the answer, the end of the process or the deadline,
// whichever is first.
func (p *process) await(x *runtimeapi.Exchange) Outcome {
	timer := time.NewTimer(time.Until(x.Deadline))
	select {
	case <-x.Done():
		timer.Stop()
	case <-timer.C:
		p.end()
		// It may have answered in the same moment; then the answer counts.
	}
	reply, answered := x.Reply()
	switch {
	case !answered && time.Now().Before(x.Deadline):
		<-p.done // for how it ended
		return broken("Runtime.ExitError", x.RequestID, p.words())
	case !answered:
		return broken("Sandbox.Timedout", x.RequestID, timedOut(p.env.Config.Timeout))
	case reply.TooLarge:
		return broken("Function.ResponseSizeTooLarge", "", fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", function.MaxReply))
	}
	return Outcome{Payload: reply.Payload, ContentType: reply.ContentType, Failed: reply.Failed, ErrorType: reply.ErrorType}
}

func timedOut(limit time.Duration) string {
	return fmt.Sprintf("Task timed out after %.2f seconds", limit.Seconds())
}

func broken(kind, requestID, message string) Outcome {
	return Outcome{Payload: describe(kind, requestID, message), ContentType: "application/json", Failed: true, ErrorType: kind}
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

// billed is what Lambda bills: time in whole milliseconds, with the
// initialisation (since August 2025 for every kind of function).
func billed(o Outcome) time.Duration {
	d := o.Duration
	if o.Cold {
		d += o.Init.Ready.Sub(o.Init.Begun)
	}
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}

// report is the end of an invocation in Lambda's log lines.
func (e *Environment) report(event runtimeapi.Event, o Outcome) string {
	b := make([]byte, 0, 320)
	b = append(b, "END RequestId: "...)
	b = append(b, event.RequestID...)
	b = append(b, "\nREPORT RequestId: "...)
	b = append(b, event.RequestID...)
	b = append(b, "\tDuration: "...)
	b = strconv.AppendFloat(b, float64(o.Duration)/1e6, 'f', 2, 64)
	b = append(b, " ms\tBilled Duration: "...)
	b = strconv.AppendInt(b, o.Billed.Milliseconds(), 10)
	b = append(b, " ms\tMemory Size: "...)
	b = strconv.AppendInt(b, int64(e.Config.Memory), 10)
	b = append(b, " MB\tMax Memory Used: "...)
	b = strconv.AppendInt(b, int64(o.MaxMemory), 10)
	b = append(b, " MB\t"...)
	if o.Cold {
		b = append(b, "Init Duration: "...)
		b = strconv.AppendFloat(b, float64(o.Init.Ready.Sub(o.Init.Begun))/1e6, 'f', 2, 64)
		b = append(b, " ms\t"...)
	}
	switch {
	case o.ErrorType == "Sandbox.Timedout":
		b = append(b, "Status: timeout\t"...)
	case o.ErrorType == "Runtime.ExitError":
		b = append(b, "Status: error\tError Type: Runtime.ExitError\t"...)
	}
	return string(append(b, '\n'))
}

func portOf(addr string) uint16 {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(port, 10, 16)
	return uint16(n)
}
