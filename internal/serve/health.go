package serve

import (
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"time"
)

// checkTimeout is how long a dependency has to answer a readiness check.
const checkTimeout = 2 * time.Second

// Health answers the two questions of whoever runs the process: is it alive,
// and should it get requests.
type Health struct {
	// Check tells whether the dependencies can be reached. Nil is always.
	Check func(context.Context) error

	// Linger is how long the server serves on, not ready, once it was asked to
	// end, for a load balancer to notice. Zero where there is none.
	Linger time.Duration

	leaving atomic.Bool
}

func (h *Health) leave() {
	h.leaving.Store(true)
	time.Sleep(h.Linger)
}

// Alive answers 200 as long as the process can answer at all. A lost database
// does not make it 503: a restart would not bring that back.
func (h *Health) Alive(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, "alive")
}

// Ready answers 200 when requests can be served, and 503 when a dependency
// cannot be reached or the process is about to end.
func (h *Health) Ready(w http.ResponseWriter, r *http.Request) {
	if h.leaving.Load() {
		answer(w, http.StatusServiceUnavailable, "stopping")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), checkTimeout)
	defer cancel()
	if h.Check != nil && h.Check(ctx) != nil { // its text may name hosts: it is not told
		answer(w, http.StatusServiceUnavailable, "unavailable")
		return
	}
	answer(w, http.StatusOK, "ready")
}

func answer(w http.ResponseWriter, status int, word string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	io.WriteString(w, `{"status":"`+word+`"}`+"\n")
}
