package runtimeapi

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"github.com/google/uuid"
)

// The Runtime API by net/http.

const (
	errorType = "Lambda-Runtime-Function-Error-Type"
	errorBody = "Lambda-Runtime-Function-Error-Body"
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

// taken is what net/http waits for behind a poll.
type taken chan *Exchange

func (taken) reserve() bool { return true }

func (t taken) take(x *Exchange) bool {
	t <- x // which has room
	return true
}

func (s *Server) getNext(w http.ResponseWriter, r *http.Request) {
	t := make(taken, 1)
	p, refused := s.poll(t)
	if refused != nil {
		refused.to(w)
		return
	}
	if p == nil {
		panic(http.ErrAbortHandler) // the process is about to be gone
	}
	s.onPoll(p)
	select {
	case x := <-t:
		writeEvent(w, &x.Event)
	case <-r.Context().Done():
		if x := s.withdraw(p); x != nil { // given in the same moment: nobody will answer it
			s.lose(x)
		}
		panic(http.ErrAbortHandler)
	}
}

func writeEvent(w http.ResponseWriter, e *Event) {
	h := w.Header()
	h.Set("Lambda-Runtime-Aws-Request-Id", e.RequestID)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(e.Deadline.UnixMilli(), 10))
	set(h, "Lambda-Runtime-Invoked-Function-Arn", e.ARN)
	set(h, "Lambda-Runtime-Trace-Id", e.TraceID)
	set(h, "Lambda-Runtime-Client-Context", e.ClientContext)
	set(h, "Lambda-Runtime-Cognito-Identity", e.Identity)
	set(h, "Lambda-Runtime-Aws-Tenant-Id", e.Tenant)
	h.Set("Content-Type", contentType(e))
	h.Set("Content-Length", strconv.Itoa(len(e.Payload)))
	_, _ = w.Write(e.Payload) // when it cannot be read, the process has ended
}

func set(h http.Header, name, value string) {
	if value != "" {
		h.Set(name, value)
	}
}

func (s *Server) postResponse(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, true, func(body []byte) Reply {
		if kind := r.Trailer.Get(errorType); kind != "" {
			return trailed(trailer{kind, r.Trailer.Get(errorBody)})
		}
		return Reply{Payload: body, ContentType: r.Header.Get("Content-Type")}
	})
}

func (s *Server) postError(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, false, func(body []byte) Reply {
		return Reply{Payload: body, Failed: true, ErrorType: r.Header.Get(errorType)}
	})
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, streams bool, reply func(body []byte) Reply) {
	x := s.claim(r.PathValue("id"))
	if x == nil {
		errID.to(w)
		return
	}
	var body []byte
	var err error
	if streams && x.Stream != nil {
		_, err = s.pass(x, r.Header.Get("Content-Type"), r.Body)
	} else {
		body, err = read(r.Body, maxReply)
	}
	switch {
	case errors.Is(err, errTooLarge):
		// The caller is told, and so is the function, which exits of it.
		s.settle(x, Reply{TooLarge: true})
		large(x).to(w)
	case err != nil:
		s.disclaim(x)
		errBody.to(w)
	case !s.settle(x, reply(body)):
		errID.to(w)
	default:
		ok(w)
	}
}

func (s *Server) postInitError(w http.ResponseWriter, r *http.Request) {
	body, err := read(r.Body, maxReply)
	switch {
	case errors.Is(err, errTooLarge):
		errLarge.to(w)
	case err != nil:
		errBody.to(w)
	case !s.failInit(Reply{Payload: body, Failed: true, ErrorType: r.Header.Get(errorType)}):
		errInit.to(w)
	default:
		ok(w)
	}
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
	(&refusal{http.StatusAccepted, "Logs.NotSupported", "Logs API is not supported"}).to(w)
}

func pong(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "pong") }

func ok(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, accepted)
}

// to answers by net/http.
func (r *refusal) to(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(r.status)
	_, _ = w.Write(r.body())
}
