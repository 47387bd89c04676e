package otlp

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	oteltrace "go.opentelemetry.io/otel/trace"

	"triptych/lab/trace"
)

// routes adds the questions that can be asked.
func (r *Receiver) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/traces", r.listTraces)
	mux.HandleFunc("GET /api/traces/{id}", r.getTrace)
	mux.HandleFunc("GET /api/services", r.listServices)
}

type summaryJSON struct {
	TraceID  string    `json:"trace_id"`
	Name     string    `json:"name"`
	Service  string    `json:"service"`
	Start    time.Time `json:"start"`
	Duration float64   `json:"duration_ms"`
	Spans    int       `json:"spans"`
	Errors   int       `json:"errors"`
	Services []string  `json:"services"`
}

func (r *Receiver) listTraces(w http.ResponseWriter, req *http.Request) {
	q := trace.Query{Service: req.FormValue("service"), Name: req.FormValue("name")}
	if s := req.FormValue("limit"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 1000 {
			writeError(w, http.StatusBadRequest, "limit is "+strconv.Quote(s)+": want 1 to 1000")
			return
		}
		q.Limit = n
	}
	items := []summaryJSON{}
	for _, s := range r.store.List(q) {
		items = append(items, summaryJSON{s.ID.String(), s.Name, s.Service, s.Start, ms(s.Duration), s.Spans, s.Errors, s.Services})
	}
	writeJSON(w, http.StatusOK, map[string]any{"traces": items})
}

func (r *Receiver) getTrace(w http.ResponseWriter, req *http.Request) {
	id, err := oteltrace.TraceIDFromHex(req.PathValue("id"))
	if err != nil {
		writeError(w, http.StatusBadRequest, "a trace id is 32 lower-case hexadecimal digits, not all zero")
		return
	}
	t, ok := r.store.Get(id)
	if !ok {
		writeError(w, http.StatusNotFound, "no such trace: it never came here, or newer ones have driven it out")
		return
	}
	writeJSON(w, http.StatusOK, traceToJSON(t))
}

type serviceJSON struct {
	Name  string    `json:"name"`
	Spans int64     `json:"spans"`
	Last  time.Time `json:"last"`
}

type tallyJSON struct {
	Received int64 `json:"spans_received"`
	Kept     int   `json:"spans_kept"`
	Traces   int   `json:"traces_kept"`
	Bytes    int64 `json:"bytes_kept"`
	Dropped  int64 `json:"spans_dropped"`
}

func (r *Receiver) listServices(w http.ResponseWriter, _ *http.Request) {
	services := []serviceJSON{}
	for _, s := range r.store.Services() {
		services = append(services, serviceJSON(s))
	}
	t := r.store.Tally()
	writeJSON(w, http.StatusOK, map[string]any{"services": services,
		"tally": tallyJSON{t.Spans, t.Kept, t.Traces, t.Bytes, t.Dropped}})
}

func writeError(w http.ResponseWriter, status int, text string) {
	writeJSON(w, status, map[string]string{"error": text})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		status, b = http.StatusInternalServerError, fmt.Appendf(nil, `{"error": "encode the answer"}`)
	}
	w.Header().Set("Content-Type", typeJSON)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(b) // the client may be gone
}
