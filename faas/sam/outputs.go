package sam

import "strings"

// An Output is what a template says is worth knowing once it is deployed.
type Output struct {
	Name        string
	Description string
	value       string
}

// mark stands around what a template cannot know. No text of a template may
// hold it.
const mark = "\x00"

// placeholder stands for the address of a function.
func placeholder(id string) string { return mark + id + mark }

// Value returns the output's value; address says where the function with that
// logical id, which has a URL, is reached.
func (o Output) Value(address func(id string) string) string {
	var b strings.Builder
	for i, part := range strings.Split(o.value, mark) {
		if i%2 == 1 {
			part = address(part)
		}
		b.WriteString(part)
	}
	return b.String()
}

func (l *loader) readOutputs(t *Template, section field) {
	if section.value == nil {
		return
	}
	l.outputs = true
	for _, f := range l.section(section, maxOutputs) {
		o := Output{Name: f.name}
		valued := false
		l.object(f, object{
			"Value":       func(f field) { valued = true; o.value, _ = l.text(f) },
			"Description": func(f field) { o.Description, _ = l.text(f) },
			"Export":      ignored, // there are no other stacks to import it
			"Condition":   l.refused("this runner has no conditions: leave it out, or the output"),
		})
		if !valued {
			l.complain(f.line, "the output %s has no Value: write one", f.name)
		}
		t.Outputs = append(t.Outputs, o)
	}
}
