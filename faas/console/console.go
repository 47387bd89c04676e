// Package console is what the runner tells of itself beside Lambda's API, which
// has no words for it: what functions cost, what they printed, what is in their
// queues, and how they are kept from the machine. Every route but /healthz is
// under /_/, where no route of AWS can be.
//
//	GET    /healthz                          is it up, and what isolation is really on
//	GET    /_/stats                          figures, by function and version
//	GET    /_/logs/{function}                log lines; since=TIME, stream=NAME, follow=1
//	GET    /_/topics                         topics that wake functions, and how far they are read
//	GET    /_/queues                         the queues that records and dead letters are in
//	GET    /_/queues/{queue}/messages        the oldest messages; max=N
//	DELETE /_/queues/{queue}/messages/{id}   remove one
//	POST   /_/queues/{queue}/redrive         deliver the dead letters again
//
// An error has the form of Lambda's, {"message": "…"}, and its status.
package console

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"triptych/faas/function"
	"triptych/faas/runner"
)

type console struct{ runner *runner.Runner }

// Handler serves the routes. It asks nobody who they are.
func Handler(r *runner.Runner) http.Handler {
	c := &console{r}
	mux := http.NewServeMux()
	for pattern, h := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /healthz":                           c.health,
		"GET /_/stats":                           c.stats,
		"GET /_/logs/{function}":                 c.logs,
		"GET /_/topics":                          c.topics,
		"GET /_/queues":                          c.queues,
		"GET /_/queues/{queue}/messages":         c.messages,
		"DELETE /_/queues/{queue}/messages/{id}": c.delete,
		"POST /_/queues/{queue}/redrive":         c.redrive,
		"/":                                      c.unknown,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := h(w, r); err != nil {
				fail(w, r, err)
			}
		})
	}
	return mux
}

// Has tells whether a path is one of the console's. The rest of /_/ is Lambda's
// API: where a function's code is downloaded.
func Has(path string) bool {
	return path == "/healthz" || path == "/_/stats" || path == "/_/topics" || path == "/_/queues" || strings.HasPrefix(path, "/_/queues/") || strings.HasPrefix(path, "/_/logs/")
}

func (c *console) unknown(_ http.ResponseWriter, r *http.Request) error {
	return function.NotFound("there is no %s %s here", r.Method, r.URL.Path)
}

// Health is what /healthz answers.
type Health struct {
	Status    string    `json:"status"` // ok
	Isolation string    `json:"isolation"`
	Measures  []Measure `json:"measures"`
}

// A Measure is one thing that keeps functions from the machine.
type Measure struct {
	Name string `json:"name"`
	On   bool   `json:"on"`
	Why  string `json:"why,omitempty"` // it is not on
}

func (c *console) health(w http.ResponseWriter, _ *http.Request) error {
	sandbox := c.runner.Sandbox()
	h := Health{Status: "ok", Isolation: string(sandbox.Level())}
	for _, m := range sandbox.Measures() {
		h.Measures = append(h.Measures, Measure{m.Name, m.On, m.Why})
	}
	return reply(w, h)
}

func reply(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(v)
}

// An Error is the body of every answer that is not 2xx.
type Error struct {
	Message string `json:"message"`
}

func fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the client has gone
	}
	e := function.From(err)
	if e.Err != nil {
		slog.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "err", e.Err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(e.Status)
	_ = json.NewEncoder(w).Encode(Error{e.Message})
}
