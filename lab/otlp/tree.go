package otlp

import (
	"math"
	"strconv"
	"time"

	"triptych/lab/trace"
)

// ms is a duration in milliseconds, to the microsecond or better.
func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

type traceJSON struct {
	TraceID  string     `json:"trace_id"`
	Start    time.Time  `json:"start"`
	Duration float64    `json:"duration_ms"`
	Count    int        `json:"span_count"`
	Dropped  int        `json:"dropped,omitempty"`
	Errors   int        `json:"errors"`
	Services []string   `json:"services"`
	Spans    []spanJSON `json:"spans"` // the roots; the others are their children
}

type spanJSON struct {
	SpanID        string         `json:"span_id"`
	ParentID      string         `json:"parent_id,omitempty"`
	ParentMissing bool           `json:"parent_missing,omitempty"`
	Name          string         `json:"name"`
	Service       string         `json:"service"`
	Kind          string         `json:"kind"`
	Start         float64        `json:"start_ms"` // since the trace's start
	Duration      float64        `json:"duration_ms"`
	Status        string         `json:"status"` // ok or error
	StatusMessage string         `json:"status_message,omitempty"`
	Attributes    map[string]any `json:"attributes,omitempty"`
	Resource      map[string]any `json:"resource,omitempty"`
	Scope         string         `json:"scope,omitempty"`
	Events        []eventJSON    `json:"events,omitempty"`
	Links         []linkJSON     `json:"links,omitempty"`
	Children      []spanJSON     `json:"children,omitempty"`
}

type eventJSON struct {
	Name       string         `json:"name"`
	At         float64        `json:"at_ms"`
	Attributes map[string]any `json:"attributes,omitempty"`
}

type linkJSON struct {
	TraceID    string         `json:"trace_id"`
	SpanID     string         `json:"span_id"`
	Attributes map[string]any `json:"attributes,omitempty"`
}

func traceToJSON(t trace.Trace) traceJSON {
	return traceJSON{t.ID.String(), t.Start, ms(t.Duration), len(t.Spans), t.Dropped, t.Errors(), t.Services(),
		spansToJSON(t, t.Roots)}
}

func spansToJSON(t trace.Trace, spans []*trace.Span) []spanJSON {
	list := make([]spanJSON, 0, len(spans))
	for _, s := range spans {
		j := spanJSON{SpanID: s.ID.String(), ParentMissing: s.Orphan, Name: s.Name, Service: s.Service, Kind: s.Kind,
			Start: ms(s.Start.Sub(t.Start)), Duration: ms(s.Duration()), Status: "ok", StatusMessage: s.StatusMessage,
			Attributes: plain(s.Attributes), Resource: plain(s.Resource), Scope: s.Scope, Children: spansToJSON(t, s.Children)}
		if s.Parent.IsValid() {
			j.ParentID = s.Parent.String()
		}
		if s.Error {
			j.Status = "error"
		}
		for _, e := range s.Events {
			j.Events = append(j.Events, eventJSON{e.Name, ms(e.At.Sub(t.Start)), plain(e.Attributes)})
		}
		for _, l := range s.Links {
			j.Links = append(j.Links, linkJSON{l.TraceID.String(), l.SpanID.String(), plain(l.Attributes)})
		}
		list = append(list, j)
	}
	return list
}

// plain returns attributes that JSON can express: it has neither NaN nor
// infinity, which become text.
func plain(m map[string]any) map[string]any {
	if m == nil {
		return nil
	}
	out := make(map[string]any, len(m))
	for k, v := range m {
		out[k] = plainValue(v)
	}
	return out
}

func plainValue(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = plainValue(e)
		}
		return list
	case map[string]any:
		return plain(v)
	}
	return v
}
