package sam

import "strings"

// sub is {Fn::Sub: TEXT} or {Fn::Sub: [TEXT, {NAME: VALUE}]}: the text with
// each ${NAME} replaced by what Ref or, with a dot in the name, Fn::GetAtt
// would say. ${!NAME} stands for ${NAME} itself.
func (l *loader) sub(n, argument *node) *node {
	own := map[string]field{}
	if argument.kind == sequence && len(argument.items) == 2 {
		for _, f := range l.fields(field{"The values of Fn::Sub", n.line, argument.items[1]}) {
			own[f.name] = f
		}
		argument = argument.items[0]
	}
	if argument.kind != scalar {
		l.complain(n.line, "Fn::Sub must have a text, or a list of a text and a mapping of values")
		return nil
	}
	s := substitution{loader: l, line: n.line, own: own}
	if !s.replace(argument.text) {
		return nil
	}
	return said(n.line, s.text.String())
}

// A substitution is one !Sub.
type substitution struct {
	*loader
	line int
	own  map[string]field // the values that stand beside the text
	text strings.Builder
}

func (s *substitution) replace(rest string) bool {
	ok := true
	for {
		before, after, found := strings.Cut(rest, "${")
		s.text.WriteString(before)
		if !found {
			return ok
		}
		name, after, closed := strings.Cut(after, "}")
		if !closed {
			s.complain(s.line, "in Fn::Sub a ${ is not closed: write } after the name")
			return false
		}
		rest = after
		if literal, is := strings.CutPrefix(name, "!"); is {
			s.text.WriteString("${" + literal + "}")
			continue
		}
		value, found := s.lookUp(strings.TrimSpace(name))
		ok = ok && found
		if s.text.WriteString(value); s.text.Len() > maxSize {
			s.complain(s.line, "what Fn::Sub makes is longer than %d bytes: shorten it", maxSize)
			return false
		}
	}
}

func (s *substitution) lookUp(name string) (string, bool) {
	f := field{"${" + name + "}", s.line, nil}
	if own, ok := s.own[name]; ok {
		f.value = own.value
		return s.loader.text(f)
	}
	if p, ok := s.parameters[name]; ok {
		f.value = p
		return s.loader.text(f)
	}
	_, attribute, dotted := strings.Cut(name, ".")
	if dotted && attribute != "Alias" && attribute != "Version" {
		return s.attribute(s.line, name)
	}
	return s.refText(s.line, name)
}
