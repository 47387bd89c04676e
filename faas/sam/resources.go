package sam

import (
	"slices"
	"strings"

	"triptych/faas/function"
)

const (
	functionType = "AWS::Serverless::Function"

	notHere           = "this runner has functions and queues alone: leave it out"
	httpAPILater      = "this runner serves no HTTP routes yet: leave it out, and give the function a FunctionUrlConfig"
	stateMachineLater = "this runner runs no workflows yet: leave it out"
)

// A resource is one entry of Resources.
type resource struct {
	id         string
	line       int
	kind       string // its Type
	properties *node  // with Globals; nil when there are none
	metadata   *field

	naming bool   // its name is being worked out
	named  bool   // its name has been worked out
	name   string // what Ref stands for; empty when it was complained of
}

// A resourceType is what this runner knows of a type of resource.
type resourceType struct {
	read func(*loader, *Template, *resource)

	// Of those that others may refer to:
	named string                   // the property that names one; without it the logical id does
	check func(name string) error  // what is wrong with a name
	arn   func(name string) string // nil when there is no support for the type yet
}

// resourceTypes are the types of resources that a template may have. Those that
// this runner will have say what to do until then.
func resourceTypes() map[string]resourceType {
	return map[string]resourceType{
		functionType: {
			read:  (*loader).readFunction,
			named: "FunctionName",
			check: function.CheckName,
			arn:   func(name string) string { return function.ARN(name, "") },
		},
		queueType: {
			read:  (*loader).readQueue,
			named: "QueueName",
			check: function.CheckQueue,
			arn:   function.QueueARN,
		},
		"AWS::Serverless::HttpApi":      later(httpAPILater),
		"AWS::Serverless::StateMachine": later(stateMachineLater),
	}
}

// later refuses a known resource until there is support for it.
func later(why string) resourceType {
	return resourceType{read: func(l *loader, _ *Template, r *resource) { l.complain(r.line, "%s: %s", r.kind, why) }}
}

// declare finds out which resources there are, so that they can refer to each
// other in any order.
func (l *loader) declare(root *node, section field) {
	if section.value == nil {
		l.complain(root.line, "the template has no Resources: name at least one function there")
		return
	}
	all := l.section(section, maxResources)
	if section.value.kind == mapping && len(section.value.fields) == 0 {
		l.complain(section.line, "Resources is empty: name at least one function there")
	}
	for _, f := range all {
		if !alphanumeric.MatchString(f.name) {
			l.complain(f.line, "the resource %s must have a name of letters and digits", quoted(f.name))
			continue
		}
		if r := l.declared(f); r != nil {
			l.resources = append(l.resources, r)
		}
	}
}

func (l *loader) declared(f field) *resource {
	r := &resource{id: f.name, line: f.line}
	l.object(f, object{
		"Type":                func(f field) { r.line = f.line; r.kind, _ = l.text(f) },
		"Properties":          func(f field) { r.properties = l.value(f, mapping) },
		"Metadata":            func(f field) { r.metadata = &f },
		"IgnoreGlobals":       l.refused("this runner gives every function what Globals say: write the values out instead"),
		"DependsOn":           ignored, // each function is deployed whole
		"DeletionPolicy":      ignored, // there are no stacks to delete
		"UpdateReplacePolicy": ignored,
		"Condition":           l.refused("this runner has no conditions: leave it out, or the resource"),
		"Connectors":          l.refused("this runner has no connectors: write Policies"),
		"CreationPolicy":      l.refused(notHere),
		"UpdatePolicy":        l.refused(notHere),
	})
	if f.value.kind == mapping && f.value.get("Type") == nil {
		l.complain(f.line, "the resource %s has no Type: write Type: %s", f.name, functionType)
	}
	return r
}

// resource returns the resource of that name, or nil.
func (l *loader) resource(id string) *resource {
	i := slices.IndexFunc(l.resources, func(r *resource) bool { return r.id == id })
	if i < 0 {
		return nil
	}
	return l.resources[i]
}

// readResources reads each resource by its type.
func (l *loader) readResources(t *Template) {
	for _, r := range l.resources {
		if r.kind == functionType {
			r.properties = merge(l.globals, r.properties, "")
		}
	}
	known := resourceTypes()
	for _, r := range l.resources {
		switch kind, ok := known[r.kind]; {
		case ok:
			kind.read(l, t, r)
		case r.kind == "":
		case strings.HasPrefix(r.kind, "AWS::") && meant(r.kind, known) == "":
			l.complain(r.line, "%s: %s", r.kind, notHere)
		default:
			l.complain(r.line, "there is no resource of type %s%s: correct it", quoted(r.kind), meant(r.kind, known))
		}
	}
	l.uniqueNames(t)
}

func (l *loader) uniqueNames(t *Template) {
	by := map[string]Function{}
	for _, f := range t.Functions {
		if other, taken := by[f.Name]; taken {
			l.complain(f.Line, "%s and %s are both named %s: give one of them another FunctionName", other.ID, f.ID, quoted(f.Name))
		}
		by[f.Name] = f
	}
}

// nameOf returns what a resource of that type is called.
func (l *loader) nameOf(r *resource, t resourceType) (string, bool) {
	f := r.properties.get(t.named)
	switch {
	case r.named:
	case r.naming:
		l.complain(f.line, "the %s of %s is made of itself: write it out", f.name, r.id)
		return "", false
	case f == nil:
		r.name = l.checked(t, r.line, r.id)
	default:
		r.naming = true
		if name, ok := l.text(*f); ok {
			r.name = l.checked(t, f.line, name)
		}
	}
	r.named = true
	return r.name, r.name != ""
}

func (l *loader) checked(t resourceType, line int, name string) string {
	if err := t.check(name); err != nil {
		l.complain(line, "%v", err)
		return ""
	}
	return name
}
