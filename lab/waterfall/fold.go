package waterfall

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"triptych/lab/trace"
)

const (
	longestPattern = 4 // spans that repeat together, such as SELECT and UPDATE
	worthFolding   = 3 // fewer are shown
)

// A folder turns a forest into rows, and runs of siblings much alike into one.
type folder struct {
	chart *chart
	alike map[*trace.Span]uint64 // the same number for spans that look the same, with all below
	size  map[*trace.Span]int    // spans in the tree
	shown int                    // spans that rows stand for
}

func (f *folder) add(siblings []*trace.Span, depth int) {
	f.addBelow(nil, siblings, depth)
}

func (f *folder) addBelow(parent *trace.Span, siblings []*trace.Span, depth int) {
	for i := 0; i < len(siblings); {
		if len(f.chart.rows) >= maxRows {
			return
		}
		keep, fold, pattern := f.run(siblings[i:])
		for _, s := range siblings[i : i+keep] {
			f.span(parent, s, depth)
		}
		if fold > 0 && len(f.chart.rows) < maxRows {
			f.folded(siblings[i+keep:i+keep+fold], pattern, depth)
		}
		i += keep + fold
	}
}

// run looks at how siblings begin and says how many of them to show, and how
// many after those to fold as repeats of a pattern so long.
func (f *folder) run(siblings []*trace.Span) (keep, fold, pattern int) {
	for pattern = 1; pattern <= longestPattern; pattern++ {
		n := pattern
		for n < len(siblings) && f.look(siblings[n]) == f.look(siblings[n-pattern]) {
			n++
		}
		n -= n % pattern
		keep = max(pattern, 2) // of a single one two, to show the distance
		keep -= keep % pattern
		if n-keep >= worthFolding {
			return keep, n - keep, pattern
		}
	}
	return 1, 0, 0
}

// look returns what a span looks like; spans that failed look like no other.
func (f *folder) look(s *trace.Span) uint64 {
	if v, ok := f.alike[s]; ok {
		return v
	}
	f.measure(s)
	return f.alike[s]
}

// measure works out look and size of s and all below it, from the leaves up and
// without recursion: a trace may be as deep as it has spans.
func (f *folder) measure(s *trace.Span) {
	order := []*trace.Span{s}
	for i := 0; i < len(order); i++ {
		order = append(order, order[i].Children...)
	}
	for i := len(order) - 1; i >= 0; i-- {
		s := order[i]
		h := fnv.New64a()
		fmt.Fprintf(h, "%s\x00%s\x00", label(s), s.Service)
		if s.Error {
			h.Write(s.ID[:])
		}
		f.size[s] = 1
		last := uint64(0)
		for _, c := range s.Children {
			f.size[s] += f.size[c]
			if f.alike[c] != last { // ten rows or twelve: it is the same work
				last = f.alike[c]
				_ = binary.Write(h, binary.LittleEndian, last)
			}
		}
		f.alike[s] = h.Sum64()
	}
}

func (f *folder) span(parent, s *trace.Span, depth int) {
	c := f.chart
	if len(c.rows) >= maxRows {
		return
	}
	r := row{depth: depth, label: label(s), service: clean(s.Service), from: c.fromOf(s), to: c.toOf(s),
		took: millis(s.Duration()), failed: s.Error}
	if s.Error {
		r.marks += " ✗"
	}
	if len(s.Links) > 0 {
		r.marks += " ↗"
	}
	if s.Orphan {
		r.marks += " ?"
	}
	if c.moved(s, parent) {
		r.marks += " ~"
	}
	c.rows = append(c.rows, r)
	f.shown++
	f.addBelow(s, s.Children, depth+1)
}

// folded adds the row for spans that are left out as more of the same.
func (f *folder) folded(spans []*trace.Span, pattern, depth int) {
	c := f.chart
	var labels []string
	for _, s := range spans[:pattern] {
		labels = append(labels, label(s))
	}
	r := row{depth: depth, label: fmt.Sprintf("… %d more %s", len(spans), strings.Join(labels, " + ")), folded: true,
		service: clean(spans[0].Service), from: c.fromOf(spans[0])}
	var sum time.Duration
	for _, s := range spans {
		f.look(s)
		f.shown += f.size[s]
		sum += s.Duration()
		r.from = min(r.from, c.fromOf(s))
		r.to = max(r.to, c.toOf(s))
	}
	r.took = "Σ " + millis(sum)
	c.rows = append(c.rows, r)
}
