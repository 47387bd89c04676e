package sam

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// parameterTypes says which types are lists, of those this runner has.
var parameterTypes = map[string]bool{
	"String":             false,
	"Number":             false,
	"List<Number>":       true,
	"CommaDelimitedList": true,
}

var alphanumeric = regexp.MustCompile(`^[A-Za-z0-9]{1,255}$`)

// A parameter is one entry of Parameters.
type parameter struct {
	name         string
	line         int
	kind         string
	value        *string // given or, if not, the default
	secret       bool    // NoEcho: complaints do not repeat the value
	allowed      []string
	pattern      *regexp.Regexp
	explained    string // ConstraintDescription
	least, most  *float64
	short, large *int
}

// readParameters works out the value of each parameter, and that everything
// given is one.
func (l *loader) readParameters(section field) {
	l.parameters = map[string]*node{}
	known := map[string]bool{}
	line := 1
	if section.value != nil {
		line = section.line
		for _, f := range l.section(section, maxParameters) {
			known[f.name] = true
			p := l.parameter(f)
			l.parameters[f.name] = p.node()
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.given)) {
		if _, pseudo := l.pseudo(name); !known[name] && !pseudo {
			l.complain(line, "a value is given for %s, and the template has no such parameter%s: leave it out or correct its name", quoted(name), meant(name, known))
		}
	}
}

func (l *loader) parameter(f field) *parameter {
	p := &parameter{name: f.name, line: f.line, kind: "String"}
	if !alphanumeric.MatchString(f.name) {
		l.complain(f.line, "the parameter %s must have a name of letters and digits", quoted(f.name))
	}
	typed := false
	l.object(f, object{
		"Type":                  func(f field) { typed = true; l.parameterType(p, f) },
		"Default":               func(f field) { l.parameterDefault(p, f) },
		"Description":           ignored,
		"NoEcho":                func(f field) { p.secret, _ = l.truth(f) },
		"AllowedValues":         func(f field) { p.allowed = l.texts(f) },
		"AllowedPattern":        func(f field) { l.parameterPattern(p, f) },
		"ConstraintDescription": func(f field) { p.explained, _ = l.text(f) },
		"MinLength":             func(f field) { p.short = l.bound(f) },
		"MaxLength":             func(f field) { p.large = l.bound(f) },
		"MinValue":              func(f field) { p.least = l.number(f) },
		"MaxValue":              func(f field) { p.most = l.number(f) },
	})
	if !typed {
		l.complain(f.line, "the parameter %s has no Type: write Type: String", f.name)
	}
	if given, ok := l.given[f.name]; ok {
		p.value = &given
	}
	if p.value == nil {
		l.complain(f.line, "the parameter %s has no Default: give it a value", f.name)
		return p
	}
	if wrong := p.check(); wrong != "" {
		l.complain(f.line, "the parameter %s %s: give it another value", f.name, wrong)
	}
	return p
}

func (l *loader) parameterType(p *parameter, f field) {
	s, ok := l.text(f)
	if !ok {
		return
	}
	if _, known := parameterTypes[s]; !known {
		l.complain(f.line, "this runner has no parameters of type %s%s: use String, Number, List<Number> or CommaDelimitedList", quoted(s), meant(s, parameterTypes))
		return
	}
	p.kind = s
}

func (l *loader) parameterDefault(p *parameter, f field) {
	if s, ok := l.text(f); ok {
		p.value = &s
	} else {
		p.value = new(string) // it was complained of
	}
}

func (l *loader) parameterPattern(p *parameter, f field) {
	s, ok := l.text(f)
	if !ok {
		return
	}
	var err error
	if p.pattern, err = regexp.Compile(`^(?:` + s + `)$`); err != nil {
		l.complain(f.line, "AllowedPattern must be a regular expression as Go's regexp reads it: %v", err)
	}
}

func (l *loader) bound(f field) *int {
	n, ok := l.whole(f, 0, math.MaxInt32)
	if !ok {
		return nil
	}
	return &n
}

func (l *loader) number(f field) *float64 {
	s, ok := l.text(f)
	if !ok {
		return nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil {
		l.complain(f.line, "%s must be a number, not %s", f.name, quoted(s))
		return nil
	}
	return &n
}

// items are the value's elements, if it is a list, or else itself.
func (p *parameter) items() []string {
	if !parameterTypes[p.kind] {
		return []string{*p.value}
	}
	items := strings.Split(*p.value, ",")
	for i, item := range items {
		items[i] = strings.TrimSpace(item)
	}
	return items
}

// node is what a reference to the parameter stands for.
func (p *parameter) node() *node {
	if p.value == nil {
		return said(p.line, "") // it was complained of
	}
	if !parameterTypes[p.kind] {
		return said(p.line, *p.value)
	}
	n := &node{line: p.line, kind: sequence}
	for _, item := range p.items() {
		n.items = append(n.items, said(p.line, item))
	}
	return n
}

// check says what is wrong with the value.
func (p *parameter) check() string {
	for _, item := range p.items() {
		if wrong := p.wrong(item); wrong != "" {
			if !p.secret {
				wrong = "is " + quoted(*p.value) + " and " + wrong
			}
			if p.explained != "" {
				wrong += " (" + p.explained + ")"
			}
			return wrong
		}
	}
	return ""
}

func (p *parameter) wrong(item string) string {
	n, err := strconv.ParseFloat(item, 64)
	length := utf8.RuneCountInString(item)
	switch {
	case strings.HasSuffix(strings.TrimSuffix(p.kind, ">"), "Number") && err != nil:
		return "must be a number"
	case len(p.allowed) > 0 && !slices.Contains(p.allowed, item):
		return "must be " + anyOf(p.allowed)
	case strings.Contains(item, mark):
		return "must not hold the character NUL"
	case p.pattern != nil && !p.pattern.MatchString(item):
		return "must match AllowedPattern"
	case p.short != nil && length < *p.short:
		return "must have at least " + strconv.Itoa(*p.short) + " characters"
	case p.large != nil && length > *p.large:
		return "must have at most " + strconv.Itoa(*p.large) + " characters"
	case p.least != nil && n < *p.least:
		return "must be at least " + strconv.FormatFloat(*p.least, 'g', -1, 64)
	case p.most != nil && n > *p.most:
		return "must be at most " + strconv.FormatFloat(*p.most, 'g', -1, 64)
	}
	return ""
}
