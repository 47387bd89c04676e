package waterfall

import (
	"fmt"
	"strings"

	"triptych/lab/trace"
)

// maxNotes is how many notes of one kind are worth a line each.
const maxNotes = 5

// notes explains the marks.
func (c *chart) notes(b *strings.Builder) {
	var failed, links []string
	orphans, moved := 0, 0
	c.each(func(s, parent *trace.Span) {
		if s.Error {
			failed = append(failed, "✗ "+label(s)+reason(s))
		}
		for _, l := range s.Links {
			links = append(links, "↗ "+label(s)+" belongs to "+c.linked(l))
		}
		if s.Orphan {
			orphans++
		}
		if c.moved(s, parent) {
			moved++
		}
	})
	c.list(b, failed, "errors")
	c.list(b, links, "links")
	if orphans > 0 {
		c.note(b, fmt.Sprintf("? %s: the parent has not arrived", count(orphans, "span")))
	}
	if moved > 0 {
		c.note(b, fmt.Sprintf("~ %s moved: clocks differ, as a call cannot start before its caller", count(moved, "span")))
	}
	if c.cut > 0 {
		c.note(b, fmt.Sprintf("… %s not drawn", count(c.cut, "more span")))
	}
	if c.trace.Dropped > 0 {
		c.note(b, fmt.Sprintf("… %s not kept: the trace is too large", count(c.trace.Dropped, "more span")))
	}
}

func (c *chart) list(b *strings.Builder, notes []string, of string) {
	for _, n := range notes[:min(len(notes), maxNotes)] {
		c.note(b, n)
	}
	if more := len(notes) - maxNotes; more > 0 {
		c.note(b, fmt.Sprintf("… %d more %s", more, of))
	}
}

func (c *chart) note(b *strings.Builder, s string) {
	s = cut(s, c.width)
	if strings.HasPrefix(s, "✗") {
		s = c.paint.red(s)
	}
	b.WriteString(s + "\n")
}

// reason says why a span failed, if it is known.
func reason(s *trace.Span) string {
	if s.StatusMessage != "" {
		return ": " + clean(s.StatusMessage)
	}
	for _, e := range s.Events {
		if m, ok := e.Attributes["exception.message"].(string); ok {
			return ": " + clean(m)
		}
	}
	return ""
}

// linked names a link's other end.
func (c *chart) linked(l trace.Link) string {
	if l.TraceID != c.trace.ID {
		return "trace " + l.TraceID.String()
	}
	for _, s := range c.trace.Spans {
		if s.ID == l.SpanID {
			return label(s)
		}
	}
	return "span " + l.SpanID.String() + ", which has not arrived"
}

// each visits every span with its parent, in the order of starts.
func (c *chart) each(visit func(s, parent *trace.Span)) {
	parents := make(map[*trace.Span]*trace.Span, len(c.trace.Spans))
	for _, s := range c.trace.Spans {
		for _, child := range s.Children {
			parents[child] = s
		}
	}
	for _, s := range c.trace.Spans {
		visit(s, parents[s])
	}
}
