// Package api is AWS Lambda's HTTP API in front of the runner: the official
// clients and command line use it by being given its address.
//
// Source: the Lambda API reference, and the models of aws-sdk-go-v2.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"triptych/faas/function"
	"triptych/faas/runner"
)

// A server answers for one runner.
type server struct{ runner *runner.Runner }

// Handler serves the API.
func Handler(r *runner.Runner) http.Handler {
	s := &server{runner: r}
	mux := http.NewServeMux()
	handle := func(pattern string, h func(w http.ResponseWriter, r *http.Request) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := h(w, r); err != nil {
				fail(w, r, err)
			}
		})
	}
	handle("POST /2015-03-31/functions/{function}/invocations", s.invoke)

	handle("POST /2015-03-31/functions", s.create)
	handle("GET /2015-03-31/functions", s.list)
	handle("GET /2015-03-31/functions/{function}", s.get)
	handle("GET /2015-03-31/functions/{function}/configuration", s.getConfiguration)
	handle("PUT /2015-03-31/functions/{function}/configuration", s.updateConfiguration)
	handle("PUT /2015-03-31/functions/{function}/code", s.updateCode)
	handle("DELETE /2015-03-31/functions/{function}", s.delete)
	handle("/", func(w http.ResponseWriter, r *http.Request) error {
		return function.NotFound("there is no %s %s in this runner's API", r.Method, r.URL.Path)
	})
	return mux
}

// ref reads which function a request is about.
func ref(r *http.Request) (function.Ref, error) {
	return function.ParseRef(r.PathValue("function"), r.URL.Query().Get("Qualifier"))
}

// fail answers with an exception.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the client has gone
	}
	e := function.From(err)
	if e.Err != nil {
		slog.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "err", e.Err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Amzn-Errortype", e.Type)
	if h.Get("X-Amzn-Requestid") == "" {
		h.Set("X-Amzn-Requestid", uuid.NewString())
	}
	if e.After > 0 {
		h.Set("Retry-After", strconv.Itoa(int(e.After.Seconds())))
	}
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(describe(e))
}

// describe is the body of an exception. Two of them write Message with a
// capital, as AWS does.
func describe(e *function.Error) map[string]string {
	key := "message"
	if e.Type == "ResourceNotFoundException" || e.Type == "ServiceException" {
		key = "Message"
	}
	body := map[string]string{key: e.Message, "Type": "User"}
	if e.Status >= http.StatusInternalServerError {
		body["Type"] = "Service"
	}
	if e.Reason != "" {
		body["Reason"] = e.Reason
	}
	return body
}

// reply answers with JSON.
func reply(w http.ResponseWriter, status int, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Requestid", uuid.NewString())
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(v)
}
