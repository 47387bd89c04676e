package sam

import (
	"path/filepath"
	"strings"

	"triptych/faas/function"
)

// noValue, when referred to, leaves out the property that it stands for.
const noValue = "AWS::NoValue"

// pseudo are the parameters that every template has.
func (l *loader) pseudo(name string) (string, bool) {
	values := map[string]string{
		"AWS::AccountId": function.Account,
		"AWS::Partition": "aws",
		"AWS::Region":    function.Region,
		"AWS::StackName": filepath.Base(l.dir),
		"AWS::URLSuffix": "amazonaws.com",
	}
	value, ok := values[name]
	if given, is := l.given[name]; is && ok {
		return given, true
	}
	return value, ok
}

// nothing reports whether a value is a reference to AWS::NoValue.
func (n *node) nothing() bool {
	return n.kind == call && n.text == "Ref" && n.items[0].kind == scalar && n.items[0].text == noValue
}

// A caller works out a call of one of CloudFormation's functions; nil says that
// it has complained.
type caller func(l *loader, n, argument *node) *node

func callers() map[string]caller {
	return map[string]caller{
		"Ref":        (*loader).ref,
		"Fn::GetAtt": (*loader).getAtt,
		"Fn::Sub":    (*loader).sub,
	}
}

// resolve works out what a node comes to, if it is a call; nil says that it has
// complained. It does so once: what Globals hold is asked for by every function.
func (l *loader) resolve(n *node) *node {
	if n.kind != call {
		return n
	}
	if known, ok := l.resolved[n]; ok {
		return known
	}
	value := l.call(n)
	if l.resolved == nil {
		l.resolved = map[*node]*node{}
	}
	l.resolved[n] = value
	return value
}

func (l *loader) call(n *node) *node {
	known := callers()
	if f, ok := known[n.text]; ok {
		return f(l, n, n.items[0])
	}
	l.complain(n.line, "this runner does not work out %s%s: write its value, or use Ref, Fn::GetAtt or Fn::Sub", quoted(n.text), meant(n.text, known))
	return nil
}

// said is a text that was worked out.
func said(line int, text string) *node { return &node{line: line, text: text, tag: "!!str"} }

// ref is {Ref: NAME}: the value of a parameter, or the name of a function.
func (l *loader) ref(n, argument *node) *node {
	if argument.kind != scalar {
		l.complain(n.line, "Ref must have the name of a parameter or a resource, not %s", argument.kind)
		return nil
	}
	name := argument.text
	if p, ok := l.parameters[name]; ok {
		return p
	}
	if text, ok := l.refText(n.line, name); ok {
		return said(n.line, text)
	}
	return nil
}

func (l *loader) refText(line int, name string) (string, bool) {
	if value, ok := l.pseudo(name); ok {
		return value, true
	}
	if name == noValue {
		l.complain(line, "%s can stand only for a whole property: leave the property out", noValue)
		return "", false
	}
	id, generated, _ := strings.Cut(name, ".")
	r := l.resource(id)
	if r == nil {
		l.unknown(line, name)
		return "", false
	}
	switch t := resourceTypes()[r.kind]; {
	case t.arn == nil: // the resource was complained of
	case r.kind == queueType:
		l.complain(line, "Ref stands for the address of a queue, which this runner does not have: write !GetAtt %s.Arn or %s.QueueName", id, id)
	case generated == "":
		return l.nameOf(r, t)
	case generated == "Alias":
		return l.aliasARN(line, r, t)
	default:
		l.complain(line, "%s is known only when the function is deployed: refer to %s or %s.Alias", name, id, id)
	}
	return "", false
}

// aliasARN is what SAM has {Ref: FUNCTION.Alias} stand for.
func (l *loader) aliasARN(line int, r *resource, t resourceType) (string, bool) {
	name, ok := l.nameOf(r, t)
	alias := r.properties.get("AutoPublishAlias")
	if alias == nil {
		l.complain(line, "%s has no alias: give it AutoPublishAlias", r.id)
		return "", false
	}
	s, is := l.text(*alias)
	return function.ARN(name, s), ok && is
}

// getAtt is {Fn::GetAtt: [NAME, ATTRIBUTE]}, or "NAME.ATTRIBUTE".
func (l *loader) getAtt(n, argument *node) *node {
	var path string
	switch a := argument; {
	case a.kind == scalar:
		path = a.text
	case a.kind == sequence && len(a.items) == 2 && a.items[0].kind == scalar && a.items[1].kind == scalar:
		path = a.items[0].text + "." + a.items[1].text
	}
	if !strings.Contains(path, ".") {
		l.complain(n.line, "Fn::GetAtt must have a resource and an attribute, as in !GetAtt Hello.Arn")
		return nil
	}
	if text, ok := l.attribute(n.line, path); ok {
		return said(n.line, text)
	}
	return nil
}

func (l *loader) attribute(line int, path string) (string, bool) {
	id, attribute, _ := strings.Cut(path, ".")
	r := l.resource(id)
	if r != nil {
		return l.attributeOf(line, r, attribute)
	}
	switch {
	case attribute == "FunctionUrl" && l.hasURL(strings.TrimSuffix(id, "Url")):
		if l.outputs {
			return placeholder(strings.TrimSuffix(id, "Url")), true
		}
		l.complain(line, "the address of a function is known only when it is deployed: use %s under Outputs alone", path)
	case l.resource(strings.TrimSuffix(id, "Role")) != nil:
		l.complain(line, "this runner has no roles: leave %s out", path)
	default:
		l.unknown(line, id)
	}
	return "", false
}

func (l *loader) attributeOf(line int, r *resource, attribute string) (string, bool) {
	t := resourceTypes()[r.kind]
	switch {
	case t.arn == nil: // the resource was complained of
	case attribute == "Arn":
		name, ok := l.nameOf(r, t)
		return t.arn(name), ok
	case attribute == "QueueName" && r.kind == queueType:
		return l.nameOf(r, t)
	default:
		l.complain(line, "%s has no attribute %s here: it has Arn", r.id, quoted(attribute))
	}
	return "", false
}

func (l *loader) hasURL(id string) bool {
	r := l.resource(id)
	return r != nil && r.kind == functionType && r.properties.get("FunctionUrlConfig") != nil
}

// unknown complains about a name that is neither a parameter nor a resource.
func (l *loader) unknown(line int, name string) {
	if l.names == nil {
		l.names = map[string]bool{}
		for p := range l.parameters {
			l.names[p] = true
		}
		for _, r := range l.resources {
			l.names[r.id] = true
		}
	}
	l.complain(line, "there is no parameter and no resource %s%s: correct the name or add it", quoted(name), meant(name, l.names))
}
