// Package trace keeps the spans that processes report and puts them together:
// a bounded store of what arrived, and traces as trees to look at.
package trace

import (
	"slices"
	"time"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// An ID names a trace: what spans of one request share, over all processes.
type ID = oteltrace.TraceID

// A SpanID names a span within its trace.
type SpanID = oteltrace.SpanID

// A Trace is the spans known so far of one trace, as a tree.
type Trace struct {
	ID       ID
	Start    time.Time // of the earliest span
	Duration time.Duration
	Spans    []*Span // all, by their start
	Roots    []*Span // those without a parent, and those whose parent is not known
	Dropped  int     // spans that arrived and were not kept, as the trace was too large
}

// A Span is one step of a trace.
type Span struct {
	ID, Parent    SpanID // Parent is zero for the first span of a trace
	Name          string
	Kind          string // internal, server, client, producer, consumer
	Service       string
	Start, End    time.Time
	Error         bool
	StatusMessage string
	Attributes    map[string]any // bool, int64, float64, string, []byte, []any, map[string]any
	Resource      map[string]any // the process's attributes; shared, not to be changed
	Scope         string         // the library that made the span
	Events        []Event
	Links         []Link

	Orphan   bool // it has a parent that did not arrive
	Children []*Span
}

// An Event is something that happened at a moment of a span.
type Event struct {
	Name       string
	At         time.Time
	Attributes map[string]any
}

// A Link points at a span that a span has to do with without being its child:
// the one, say, whose message it handles in a batch of many.
type Link struct {
	TraceID    ID
	SpanID     SpanID
	Attributes map[string]any
}

// Duration returns how long the span took, zero if it ended before it started.
func (s *Span) Duration() time.Duration { return max(s.End.Sub(s.Start), 0) }

// Root returns the span to name the trace by: the first without a parent, else
// the earliest. It is nil only for a trace without spans.
func (t Trace) Root() *Span {
	for _, s := range t.Roots {
		if !s.Orphan {
			return s
		}
	}
	if len(t.Roots) > 0 {
		return t.Roots[0]
	}
	return nil
}

// Errors counts the spans that failed.
func (t Trace) Errors() int {
	n := 0
	for _, s := range t.Spans {
		if s.Error {
			n++
		}
	}
	return n
}

// Services returns the services that took part, in the order of their first
// spans.
func (t Trace) Services() []string {
	var names []string
	for _, s := range t.Spans {
		if !slices.Contains(names, s.Service) {
			names = append(names, s.Service)
		}
	}
	return names
}

// Whole reports whether the trace has its first span and every parent, which is
// all that can be told: a span that nobody refers to may still be under way.
func Whole(t Trace) bool {
	first := false
	for _, s := range t.Roots {
		if s.Orphan {
			return false
		}
		first = true
	}
	return first
}
