// Package waterfall draws a trace for a terminal: a line for each span, with a
// bar that shows when it ran. What cannot be seen in a bar (errors, links to
// other traces, clocks that disagree) is marked and explained below.
package waterfall

import (
	"fmt"
	"io"
	"strings"
	"time"

	"triptych/lab/trace"
)

const (
	narrowest = 60  // columns; a smaller width is taken as this
	maxRows   = 200 // lines of spans, so that a huge trace stays readable
	gap       = "  "
)

// Write draws t to fit width columns. Without color it is plain text.
func Write(w io.Writer, t trace.Trace, width int, color bool) error {
	c := newChart(t, max(width, narrowest), color)
	var b strings.Builder
	c.header(&b)
	for _, r := range c.rows {
		c.line(&b, r)
	}
	c.notes(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

// A chart is a trace laid out.
type chart struct {
	trace  trace.Trace
	paint  painter
	shift  map[*trace.Span]time.Duration // by how much spans are moved to mend clocks
	start  time.Time
	length time.Duration
	rows   []row
	cut    int // spans left out for want of lines

	width, name, service, bar, from, took int // widths in columns
}

// A row is a line of the chart: a span, or several much alike.
type row struct {
	depth   int
	label   string
	marks   string
	service string
	from    time.Duration // since the chart's start
	to      time.Duration
	took    string
	failed  bool
	folded  bool
}

func newChart(t trace.Trace, width int, color bool) *chart {
	c := &chart{trace: t, width: width, shift: shifts(t)}
	services := t.Services()
	c.paint = painter{on: color, services: services}
	c.start, c.length = c.extent()
	f := folder{chart: c, alike: map[*trace.Span]uint64{}, size: map[*trace.Span]int{}}
	f.add(t.Roots, 0)
	c.cut = len(t.Spans) - f.shown
	c.measure(len(services) > 1)
	return c
}

// measure shares the width out: names get what they need, up to two fifths,
// and the bars get what is left.
func (c *chart) measure(services bool) {
	c.from, c.took = len("start"), len("took")
	for _, r := range c.rows {
		c.name = max(c.name, 2*r.depth+columns(r.label)+columns(r.marks))
		c.service = max(c.service, columns(r.service))
		c.from = max(c.from, columns(millis(r.from)))
		c.took = max(c.took, columns(r.took))
	}
	c.name = min(c.name, c.width*2/5)
	c.service = min(c.service, 14)
	c.bar = c.width - c.name - c.from - c.took - 3*len(gap)
	if !services {
		c.service = 0
	} else {
		c.bar -= c.service + len(gap)
	}
}

func (c *chart) header(b *strings.Builder) {
	t := c.trace
	root := t.Root()
	if root == nil {
		fmt.Fprintf(b, "trace %s has no spans\n", t.ID)
		return
	}
	facts := []string{millis(c.length) + " ms", count(len(t.Spans), "span")}
	if n := t.Errors(); n > 0 {
		facts = append(facts, count(n, "error"))
	}
	services := t.Services()
	if len(services) == 1 {
		facts = append(facts, clean(services[0]))
	} else {
		facts = append(facts, count(len(services), "service"))
	}
	rest := cut(" · "+strings.Join(facts, " · "), c.width*3/4)
	fmt.Fprintf(b, "%s%s\n", c.paint.bold(cut(label(root), c.width-columns(rest))), rest)
	fmt.Fprintf(b, "trace %s\n", t.ID)
	left := c.width - c.from - c.took - 2*len(gap)
	fmt.Fprintf(b, "%*s%s%*s%s%*s\n", left, "in ms", gap, c.from, "start", gap, c.took, "took")
}

// line draws a row: name, service, bar, start and length.
func (c *chart) line(b *strings.Builder, r row) {
	indent := min(2*r.depth, c.name/2)
	room := max(c.name-indent-columns(r.marks), 1)
	name := pad(cut(r.label, room)+r.marks, c.name-indent)
	if r.failed {
		name = c.paint.red(name)
	}
	b.WriteString(strings.Repeat(" ", indent) + name + gap)
	if c.service > 0 {
		b.WriteString(pad(cut(r.service, c.service), c.service) + gap)
	}
	before, bar := c.drawBar(r)
	b.WriteString(strings.Repeat(" ", before) + c.paint.bar(bar, r))
	b.WriteString(strings.Repeat(" ", c.bar-before-columns(bar)))
	fmt.Fprintf(b, "%s%s%s%s\n", gap, padLeft(millis(r.from), c.from), gap, padLeft(r.took, c.took))
}

// millis writes a duration in milliseconds with three significant digits, more
// for whole ones.
func millis(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	size := max(ms, -ms)
	switch {
	case d == 0:
		return "0"
	case size < 0.001:
		return "<0.001"
	case size < 0.9995:
		return fmt.Sprintf("%.3f", ms)
	case size < 9.995:
		return fmt.Sprintf("%.2f", ms)
	case size < 99.95:
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}

func count(n int, of string) string {
	if n != 1 {
		of += "s"
	}
	return fmt.Sprintf("%d %s", n, of)
}
