package api

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"triptych/faas/function"
	"triptych/faas/runner"
	"triptych/faas/trace"
)

// patience is how long a client gets to read what was written, once the function
// has failed.
const patience = 10 * time.Second

// invokeStream is Lambda's InvokeWithResponseStream.
func (s *server) invokeStream(w http.ResponseWriter, r *http.Request) error {
	in, err := s.invocation(w, r)
	if err != nil {
		return err
	}
	if in.Payload, err = payload(r, function.MaxSyncPayload); err != nil {
		return err
	}
	switch kind := r.Header.Get("X-Amz-Invocation-Type"); kind {
	case "", "RequestResponse":
	case "DryRun":
		return s.dryRun(w, in)
	default:
		return function.Invalid("the invocation type %q is not one of RequestResponse, DryRun", kind)
	}
	e := &events{w: w}
	result, err := s.runner.Stream(r.Context(), in, e.pass, e.hurry)
	if err != nil {
		return err // before there is an answer
	}
	e.begin(result.Version, result.Trace, "application/json")
	e.send("InvokeComplete", "application/json", complete(in, result))
	return nil
}

// complete is the last event of a stream.
func complete(in runner.Invocation, result *runner.Result) []byte {
	var end struct {
		ErrorCode    string `json:",omitempty"`
		ErrorDetails string `json:",omitempty"`
		LogResult    string `json:",omitempty"`
	}
	if result.Failed {
		end.ErrorCode, end.ErrorDetails = cmp.Or(result.ErrorType, "Unhandled"), string(result.Payload)
	}
	if in.Tail {
		end.LogResult = base64.StdEncoding.EncodeToString(result.LogTail)
	}
	b, _ := json.Marshal(end) // texts alone
	return b
}

// events are what a client is sent of an answer.
type events struct {
	w     http.ResponseWriter
	begun sync.Once
	frame []byte
	gone  bool // the client has
}

// begin answers that the function runs.
func (e *events) begin(version string, t trace.Header, contentType string) {
	e.begun.Do(func() {
		h := e.w.Header()
		h.Set("Content-Type", eventStreamType)
		h.Set("X-Amzn-Remapped-Content-Type", contentType)
		h.Set("X-Amz-Executed-Version", version)
		h.Set(trace.Name, t.String())
		e.w.WriteHeader(http.StatusOK)
	})
}

// pass sends an answer while it comes. That it is not whole its last event says.
func (e *events) pass(a *runner.Answer) {
	<-a.Begun()
	buffer := make([]byte, 32<<10)
	for first := true; !e.gone; first = false {
		n, err := a.Read(buffer)
		if first && !errors.Is(err, runner.ErrBroken) {
			e.begin(a.Version, a.Trace, cmp.Or(a.ContentType(), "application/octet-stream"))
		}
		if n > 0 {
			e.send("PayloadChunk", "application/octet-stream", buffer[:n])
		}
		if err != nil {
			return
		}
	}
}

func (e *events) send(kind, contentType string, payload []byte) {
	e.frame = appendFrame(e.frame[:0], kind, contentType, payload)
	if _, err := e.w.Write(e.frame); err != nil || http.NewResponseController(e.w).Flush() != nil {
		e.gone = true
	}
}

// hurry has a client that does not read be waited for no longer than a while.
func (e *events) hurry() {
	_ = http.NewResponseController(e.w).SetWriteDeadline(time.Now().Add(patience)) // errors: nobody to wait for
}
