package runtimeapi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"triptych/faas/function"
)

const (
	accepted  = `{"status":"OK"}` + "\n"
	errorType = "Lambda-Runtime-Function-Error-Type"
	errorBody = "Lambda-Runtime-Function-Error-Body"

	// maxError bounds the body of an error; Lambda cuts what is longer.
	maxError = 1 << 20
)

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", s.getNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", s.postResponse)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", s.postError)
	mux.HandleFunc("POST /2018-06-01/runtime/init/error", s.postInitError)
	mux.HandleFunc("POST /2020-01-01/extension/register", s.postRegister)
	mux.HandleFunc("GET /2020-01-01/extension/event/next", waitForEver)
	mux.HandleFunc("PUT /2020-08-15/logs", notSupported)
	mux.HandleFunc("PUT /2022-07-01/telemetry", notSupported)
	mux.HandleFunc("GET /2018-06-01/ping", pong)
	mux.HandleFunc("GET /ping", pong)
	return mux
}

func (s *Server) getNext(w http.ResponseWriter, r *http.Request) {
	x, err := s.next(r.Context())
	if err != nil {
		panic(http.ErrAbortHandler) // there is nothing to say: the process is about to be gone
	}
	h := w.Header()
	h.Set("Lambda-Runtime-Aws-Request-Id", x.RequestID)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(x.Deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", x.ARN)
	set(h, "Lambda-Runtime-Trace-Id", x.TraceID)
	set(h, "Lambda-Runtime-Client-Context", x.ClientContext)
	set(h, "Lambda-Runtime-Cognito-Identity", x.Identity)
	set(h, "Lambda-Runtime-Aws-Tenant-Id", x.Tenant)
	h.Set("Content-Type", "application/json")
	set(h, "Content-Type", x.ContentType)
	h.Set("Content-Length", strconv.Itoa(len(x.Payload)))
	_, _ = w.Write(x.Payload) // when it cannot be read, the process has ended
}

func (s *Server) postResponse(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if !s.known(id) {
		unknownRequest(w)
		return
	}
	body, err := read(r.Body, function.MaxReply)
	switch {
	case errors.Is(err, errTooLarge):
		// The caller is told, and so is the function, which exits of it.
		s.answer(id, Reply{TooLarge: true})
		refuse(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Exceeded maximum allowed payload size ("+strconv.Itoa(function.MaxReply)+" bytes).")
		return
	case err != nil:
		return // the process has ended in the middle, which ends the exchange
	}
	reply := Reply{Payload: body, ContentType: r.Header.Get("Content-Type")}
	if kind := r.Trailer.Get(errorType); kind != "" {
		reply = trailed(kind, r.Trailer.Get(errorBody))
	}
	s.settle(w, id, reply)
}

// trailed is the answer of a function that failed in the middle of streaming
// its answer: the trailers carry its error, in base64.
func trailed(kind, encoded string) Reply {
	body, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(body) == 0 {
		body, _ = json.Marshal(map[string]string{"errorType": kind, "errorMessage": "the answer was broken off"})
	}
	return Reply{Payload: body, Failed: true, ErrorType: kind}
}

func (s *Server) postError(w http.ResponseWriter, r *http.Request) {
	reply, err := failure(r)
	if err != nil {
		return
	}
	s.settle(w, r.PathValue("id"), reply)
}

func (s *Server) settle(w http.ResponseWriter, id string, reply Reply) {
	if !s.answer(id, reply) {
		unknownRequest(w)
		return
	}
	ok(w)
}

func (s *Server) postInitError(w http.ResponseWriter, r *http.Request) {
	reply, err := failure(r)
	if err != nil {
		return
	}
	if !s.failInit(reply) {
		refuse(w, http.StatusForbidden, "InvalidStateTransition", "Transition from Ready to InitError is not allowed.")
		return
	}
	ok(w)
}

// failure reads what a function says of its failure.
func failure(r *http.Request) (Reply, error) {
	body, err := read(r.Body, maxError)
	if err != nil {
		return Reply{}, err
	}
	return Reply{Payload: body, Failed: true, ErrorType: r.Header.Get(errorType)}, nil
}

// postRegister makes the process an extension of itself, which is how
// aws-lambda-go asks for a SIGTERM.
func (s *Server) postRegister(w http.ResponseWriter, r *http.Request) {
	s.register()
	w.Header().Set("Lambda-Extension-Identifier", uuid.NewString())
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, "{}\n")
}

// waitForEver is the answer to an extension that asks for its next event:
// there is none but the signal.
func waitForEver(_ http.ResponseWriter, r *http.Request) {
	<-r.Context().Done()
	panic(http.ErrAbortHandler)
}

func notSupported(w http.ResponseWriter, _ *http.Request) {
	refuse(w, http.StatusAccepted, "Logs.NotSupported", "Logs API is not supported")
}

func pong(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "pong") }

func ok(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, accepted)
}

func unknownRequest(w http.ResponseWriter) {
	refuse(w, http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
}

func refuse(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorType": kind, "errorMessage": message})
}

func set(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}

var errTooLarge = errors.New("body is too large")

// read reads a body of at most limit bytes to its end.
func read(body io.Reader, limit int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(body, int64(limit)+1))
	if err == nil && len(b) > limit {
		return nil, errTooLarge
	}
	return b, err
}
