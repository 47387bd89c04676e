package sam

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Complaint is one thing that is wrong with a template.
type Complaint struct {
	File string
	Line int
	Text string // a sentence that says what to do
}

func (c Complaint) String() string { return fmt.Sprintf("%s:%d: %s", c.File, c.Line, c.Text) }

// Complaints are everything that is wrong with a template, in the order of its
// lines. As an error each is a line of its own.
type Complaints []Complaint

func (c Complaints) Error() string {
	lines := make([]string, len(c))
	for i, one := range c {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// complaints collects them. The same one twice is one: what Globals say is read
// once for each function.
type complaints struct {
	file string
	all  Complaints
	seen map[Complaint]bool
}

func (c *complaints) complain(line int, format string, args ...any) {
	one := Complaint{File: c.file, Line: line, Text: fmt.Sprintf(format, args...)}
	if c.seen[one] {
		return
	}
	if c.seen == nil {
		c.seen = map[Complaint]bool{}
	}
	c.seen[one] = true
	c.all = append(c.all, one)
}

func (c *complaints) err() error {
	if len(c.all) == 0 {
		return nil
	}
	slices.SortStableFunc(c.all, func(a, b Complaint) int { return cmp.Compare(a.Line, b.Line) })
	return c.all
}

// meant says which of the names somebody may have had in mind: " (did you mean
// X?)", or nothing when none is near.
func meant[V any](name string, known map[string]V) string {
	best, least := "", len(name)/3+1
	for k := range known {
		if len(k) > len(name)+least || len(name) > len(k)+least {
			continue // further apart than that
		}
		d := distance(strings.ToLower(name), strings.ToLower(k))
		if d < least || d == least && best != "" && k < best {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// longest is the longest name that distance looks at.
const longest = 100

// distance is how many letters must be put in, left out or replaced to make a
// into b.
func distance(a, b string) int {
	a, b = a[:min(len(a), longest)], b[:min(len(b), longest)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
