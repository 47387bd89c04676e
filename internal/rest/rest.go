// Package rest is the plumbing of an HTTP API: handlers that return errors,
// faults as problem+json, strict JSON, paging, and shedding of overload.
package rest

import (
	"crypto/rand"
	"net/http"
	"strconv"

	"github.com/go-json-experiment/json"
	"go.opentelemetry.io/otel/trace"
)

// A Handler answers a request, or returns the error that is to be the answer.
// It must not have written anything when it returns an error.
type Handler func(w http.ResponseWriter, r *http.Request) error

// JSON answers with v as application/json.
func JSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client is gone; there is nobody to tell
	return nil
}

// TraceID sets the header Trace-Id on every answer, so that a client can name
// the trace that an answer belongs to. A request of which no trace is kept, a
// health check, gets an id all the same.
func TraceID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := trace.SpanContextFromContext(r.Context()).TraceID()
		if !id.IsValid() {
			_, _ = rand.Read(id[:]) // never fails
		}
		w.Header().Set("Trace-Id", id.String())
		next.ServeHTTP(w, r)
	})
}
