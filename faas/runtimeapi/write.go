package runtimeapi

import (
	"encoding/json"
	"net/http"
	"strconv"

	"triptych/faas/function"
)

// What is written, by hand or by net/http.

const accepted = `{"status":"OK"}` + "\n"

var accepted202 = []byte("HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(accepted)) + "\r\n\r\n" + accepted)

// A refusal is an answer that ends most runtimes.
type refusal struct {
	status  int
	kind    string
	message string
}

var (
	errID    = &refusal{http.StatusBadRequest, "InvalidRequestID", "Invalid request ID"}
	errBody  = &refusal{http.StatusBadRequest, "InvalidRequest", "The body of the request cannot be read"}
	errInit  = &refusal{http.StatusForbidden, "InvalidStateTransition", "Transition from Ready to InitError is not allowed."}
	errNext  = &refusal{http.StatusForbidden, "InvalidStateTransition", "Transition from Running to Ready is not allowed: the event is not answered."}
	errLarge = refuseLarge(maxReply)
	errLong  = refuseLarge(function.MaxStream)
)

func refuseLarge(limit int) *refusal {
	return &refusal{http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Exceeded maximum allowed payload size (" + strconv.Itoa(limit) + " bytes)."}
}

// large refuses an answer that has more bytes than it may have.
func large(x *Exchange) *refusal {
	if x.Stream != nil && x.Stream.HasBegun() {
		return errLong
	}
	return errLarge
}

func (r *refusal) body() []byte {
	b, _ := json.Marshal(map[string]string{"errorType": r.kind, "errorMessage": r.message})
	return append(b, '\n')
}

// answer is the whole of it, with more header lines.
func (r *refusal) answer(more string) []byte {
	body := r.body()
	head := "HTTP/1.1 " + strconv.Itoa(r.status) + " " + http.StatusText(r.status) + "\r\n" + more +
		"Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"
	return append([]byte(head), body...)
}

// appendEvent appends the head of the answer to a poll.
func appendEvent(b []byte, e *Event) []byte {
	b = append(b, "HTTP/1.1 200 OK\r\n"...)
	b = appendField(b, "Content-Type", contentType(e))
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(len(e.Payload)), 10)
	b = append(b, "\r\nLambda-Runtime-Deadline-Ms: "...)
	b = strconv.AppendInt(b, e.Deadline.UnixMilli(), 10)
	b = append(b, "\r\n"...)
	b = appendField(b, "Lambda-Runtime-Aws-Request-Id", e.RequestID)
	b = appendField(b, "Lambda-Runtime-Invoked-Function-Arn", e.ARN)
	b = appendField(b, "Lambda-Runtime-Trace-Id", e.TraceID)
	b = appendField(b, "Lambda-Runtime-Client-Context", e.ClientContext)
	b = appendField(b, "Lambda-Runtime-Cognito-Identity", e.Identity)
	b = appendField(b, "Lambda-Runtime-Aws-Tenant-Id", e.Tenant)
	return append(b, "\r\n"...)
}

func contentType(e *Event) string {
	if e.ContentType == "" {
		return "application/json"
	}
	return e.ContentType
}

// appendField appends a header that is not empty. A line break in it, as JSON
// may have, is a space, so that it stays one header.
func appendField(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(append(b, name...), ": "...)
	from := len(b)
	b = append(b, value...)
	for i := from; i < len(b); i++ {
		if b[i] == '\r' || b[i] == '\n' {
			b[i] = ' '
		}
	}
	return append(b, "\r\n"...)
}
