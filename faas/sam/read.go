package sam

import (
	"regexp"
	"strconv"
	"strings"
)

// An object says what may stand in a mapping, and what to do with each.
type object map[string]func(field)

// ignored is for what has no effect on how a function behaves.
func ignored(field) {}

// refused is for what would have one, on AWS and not here.
func (l *loader) refused(why string) func(field) {
	return func(f field) { l.complain(f.line, "%s: %s", f.name, why) }
}

// object reads a mapping with known names.
func (l *loader) object(f field, o object) {
	for _, one := range l.fields(f) {
		if read, ok := o[one.name]; ok {
			read(one)
			continue
		}
		l.complain(one.line, "%s has no property %s%s: correct its name or leave it out", f.name, quoted(one.name), meant(one.name, o))
	}
}

// fields returns what stands in a mapping, without what is AWS::NoValue.
func (l *loader) fields(f field) []field {
	n := l.value(f, mapping)
	if n == nil {
		return nil
	}
	var present []field
	for _, one := range n.fields {
		if !one.value.nothing() {
			present = append(present, one)
		}
	}
	return present
}

// section returns what stands in a section that may have at most so many
// entries.
func (l *loader) section(f field, most int) []field {
	all := l.fields(f)
	if len(all) > most {
		l.complain(f.line, "%s has %d entries, and CloudFormation takes %d: split the template", f.name, len(all), most)
		return nil
	}
	return all
}

// list returns the items of a list, each under the name of the list.
func (l *loader) list(f field) []field {
	n := l.value(f, sequence)
	if n == nil {
		return nil
	}
	var items []field
	for _, item := range n.items {
		if !item.nothing() {
			items = append(items, field{f.name, item.line, item})
		}
	}
	return items
}

// lists is list, and takes anything else for a list of one.
func (l *loader) lists(f field) []field {
	n := l.resolve(f.value)
	switch {
	case n == nil:
		return nil
	case n.kind != sequence:
		return []field{{f.name, f.line, n}}
	}
	return l.list(f)
}

// texts reads a list of texts.
func (l *loader) texts(f field) []string {
	var all []string
	for _, item := range l.list(f) {
		if s, ok := l.text(item); ok {
			all = append(all, s)
		}
	}
	return all
}

// value returns what a field comes to when it is of that kind; otherwise it
// complains and returns nil.
func (l *loader) value(f field, want kind) *node {
	n := l.resolve(f.value)
	if n == nil {
		return nil
	}
	empty := n.kind == scalar && n.tag == "!!null"
	switch {
	case empty:
		l.complain(f.line, "%s has no value: write one or leave it out", f.name)
		return nil
	case n.kind != want:
		l.complain(f.line, "%s must be %s, not %s", f.name, want, n.kind)
		return nil
	}
	return n
}

var (
	decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

	// ambiguous are texts to us that YAML 1.1, as AWS reads it, takes for truth
	// or for minutes and seconds.
	ambiguous = regexp.MustCompile(`^(?i:yes|no|on|off|[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+)$`)
)

// text reads a text. A number and a truth are texts too, as CloudFormation has
// them, unless there is more than one way to write them.
func (l *loader) text(f field) (string, bool) {
	n := l.value(f, scalar)
	if n == nil {
		return "", false
	}
	plain := true
	switch n.tag {
	case "!!bool":
		return strings.ToLower(n.text), true
	case "!!int", "!!float":
		plain = decimal.MatchString(n.text)
	case "!!str":
		plain = !n.bare || !ambiguous.MatchString(n.text)
	case "!!timestamp":
		plain = false
	default:
		l.complain(f.line, "%s must be a text, not YAML's %s: write it in quotes", f.name, n.tag)
		return "", false
	}
	if !plain {
		l.complain(f.line, "%s is %s, which YAML may read as something else: write it in quotes", f.name, n.text)
		return "", false
	}
	return n.text, true
}

// whole reads a whole number.
func (l *loader) whole(f field, least, most int) (int, bool) {
	n := l.value(f, scalar)
	if n == nil {
		return 0, false
	}
	i, err := strconv.Atoi(n.text)
	if err != nil || !decimal.MatchString(n.text) || i < least || i > most {
		l.complain(f.line, "%s must be a whole number from %d to %d, not %s", f.name, least, most, quoted(n.text))
		return 0, false
	}
	return i, true
}

// truth reads true or false.
func (l *loader) truth(f field) (value, ok bool) {
	s, ok := l.oneOf(f, "true", "false")
	return s == "true", ok
}

// oneOf reads one of some words.
func (l *loader) oneOf(f field, words ...string) (string, bool) {
	s, ok := l.text(f)
	if !ok {
		return "", false
	}
	known := map[string]bool{}
	for _, w := range words {
		if s == w {
			return s, true
		}
		known[w] = true
	}
	l.complain(f.line, "%s must be %s, not %s%s", f.name, anyOf(words), quoted(s), meant(s, known))
	return "", false
}

// name reads a text of a form, which the complaint describes.
func (l *loader) name(f field, form *regexp.Regexp, described string) (string, bool) {
	s, ok := l.text(f)
	if ok && !form.MatchString(s) {
		l.complain(f.line, "%s is %s: it must be %s", f.name, quoted(s), described)
		return "", false
	}
	return s, ok
}

// short reads a text of at most so many characters.
func (l *loader) short(f field, most int) string {
	s, ok := l.text(f)
	if n := len([]rune(s)); ok && n > most {
		l.complain(f.line, "%s has %d characters: shorten it to at most %d", f.name, n, most)
	}
	return s
}

// quoted is a text as a complaint shows it, which may not be of any length.
func quoted(s string) string {
	const most = 80
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strconv.Quote(s)
}

// anyOf is a list as a sentence has it: "a, b or c".
func anyOf(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
