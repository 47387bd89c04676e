package trace

import (
	"cmp"
	"slices"
	"time"
)

// build puts spans, in the order of their arrival, together as a trace.
func build(id ID, spans []*Span) Trace {
	byID := make(map[SpanID]*Span, len(spans))
	t := Trace{ID: id}
	for _, s := range spans {
		if byID[s.ID] == nil { // an exporter that tries again may send a span twice
			byID[s.ID] = s
			t.Spans = append(t.Spans, s)
		}
	}
	slices.SortStableFunc(t.Spans, func(a, b *Span) int {
		return cmp.Or(a.Start.Compare(b.Start), b.End.Compare(a.End)) // of two that start together, the longer is the outer
	})
	for _, s := range t.Spans {
		parent := byID[s.Parent]
		s.Orphan = s.Parent.IsValid() && parent == nil
		if parent == nil {
			t.Roots = append(t.Roots, s)
			continue
		}
		parent.Children = append(parent.Children, s)
	}
	breakCycles(&t, byID)
	t.Start, t.Duration = extent(t.Spans)
	return t
}

// breakCycles makes roots of spans that no root leads to, as they are one
// another's parents. No honest process reports such, but nothing may get lost
// and nobody who walks the tree may walk for ever.
func breakCycles(t *Trace, byID map[SpanID]*Span) {
	seen := make(map[*Span]bool, len(t.Spans))
	mark := func(from *Span) {
		for todo := []*Span{from}; len(todo) > 0; {
			s := todo[len(todo)-1]
			todo = todo[:len(todo)-1]
			if !seen[s] {
				seen[s] = true
				todo = append(todo, s.Children...)
			}
		}
	}
	for _, r := range t.Roots {
		mark(r)
	}
	for _, s := range t.Spans {
		if seen[s] {
			continue
		}
		parent := byID[s.Parent]
		parent.Children = slices.DeleteFunc(parent.Children, func(c *Span) bool { return c == s })
		s.Orphan = true
		t.Roots = append(t.Roots, s)
		mark(s)
	}
}

func extent(spans []*Span) (start time.Time, d time.Duration) {
	if len(spans) == 0 {
		return time.Time{}, 0
	}
	start, end := spans[0].Start, spans[0].End
	for _, s := range spans {
		if s.Start.Before(start) {
			start = s.Start
		}
		if s.End.After(end) {
			end = s.End
		}
	}
	return start, max(end.Sub(start), 0)
}
