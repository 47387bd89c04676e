package waterfall

import (
	"time"

	"triptych/lab/trace"
)

// shifts says by how much to move spans, with all below them, that start before
// their parents. Nothing can: the clocks of two processes differ. Such a span is
// put in the middle of its parent, as its call took as long to go as to return,
// for all we know; one that is longer than its parent starts with it.
func shifts(t trace.Trace) map[*trace.Span]time.Duration {
	by := map[*trace.Span]time.Duration{}
	type step struct {
		span *trace.Span
		by   time.Duration
	}
	var todo []step
	for _, r := range t.Roots {
		todo = append(todo, step{r, 0})
	}
	for len(todo) > 0 {
		at := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		by[at.span] = at.by
		from := at.span.Start.Add(at.by)
		for _, child := range at.span.Children {
			move := at.by
			if early := from.Sub(child.Start.Add(at.by)); early > 0 {
				move += early + max(at.span.Duration()-child.Duration(), 0)/2
			}
			todo = append(todo, step{child, move})
		}
	}
	return by
}

// moved reports whether the span's own clock is taken to differ from its parent's.
func (c *chart) moved(s, parent *trace.Span) bool {
	return parent != nil && c.shift[s] != c.shift[parent]
}

// from and to are the span's ends on the chart.
func (c *chart) fromOf(s *trace.Span) time.Duration { return s.Start.Add(c.shift[s]).Sub(c.start) }

func (c *chart) toOf(s *trace.Span) time.Duration { return c.fromOf(s) + s.Duration() }

// extent is from the earliest start to the latest end, after the shifts.
func (c *chart) extent() (start time.Time, length time.Duration) {
	var end time.Time
	for i, s := range c.trace.Spans {
		from := s.Start.Add(c.shift[s])
		if i == 0 || from.Before(start) {
			start = from
		}
		if to := from.Add(s.Duration()); i == 0 || to.After(end) {
			end = to
		}
	}
	return start, end.Sub(start)
}
