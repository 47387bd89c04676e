package sam

// notGlobal are the properties of a function that SAM does not let Globals
// have. Source: aws-sam-translator, plugins/globals.
var notGlobal = map[string]bool{
	"AutoPublishCodeSha256": true,
	"Events":                true,
	"FunctionName":          true,
	"ImageConfig":           true,
	"ImageUri":              true,
	"InlineCode":            true,
	"PackageType":           true,
	"Policies":              true,
	"Role":                  true,
	"VersionDescription":    true,
}

func (l *loader) readGlobals(section field) {
	if section.value == nil {
		return
	}
	l.object(section, object{
		"Function":         func(f field) { l.globals = l.globalFunction(f) },
		"HttpApi":          l.refused(httpAPILater),
		"StateMachine":     l.refused(stateMachineLater),
		"Api":              l.refused(notHere),
		"CapacityProvider": l.refused(notHere),
		"LayerVersion":     l.refused(notHere),
		"MicroVMImage":     l.refused(notHere),
		"NetworkConnector": l.refused(notHere),
		"SimpleTable":      l.refused(notHere),
		"WebSocketApi":     l.refused(notHere),
	})
}

// globalFunction keeps what every function gets. What is not known is
// complained of here, and not once more for each function.
func (l *loader) globalFunction(f field) *node {
	known := l.properties(&Function{})
	n := &node{line: f.line, kind: mapping}
	for _, one := range l.fields(f) {
		switch _, ok := known[one.name]; {
		case notGlobal[one.name]:
			l.complain(one.line, "SAM does not take %s from Globals: write it in each function", one.name)
		case !ok:
			l.complain(one.line, "a function has no property %s%s: correct its name or leave it out", quoted(one.name), meant(one.name, known))
		default:
			n.fields = append(n.fields, one)
		}
	}
	return n
}

// merge lays a function's own value over the global one, as SAM does: mappings
// are joined, lists are put one after the other, of anything else the
// function's own counts.
func merge(global, local *node, name string) *node {
	switch {
	case global == nil:
		return local
	case local == nil:
		return global
	case global.kind == sequence && local.kind == sequence && name != "Architectures":
		n := *local
		n.items = append(append([]*node(nil), global.items...), local.items...)
		return &n
	case global.kind != mapping || local.kind != mapping:
		return local
	}
	n := *local
	n.fields = append([]field(nil), local.fields...)
	at := map[string]int{}
	for i, f := range n.fields {
		at[f.name] = i
	}
	for _, f := range global.fields {
		if i, both := at[f.name]; both {
			n.fields[i].value = merge(f.value, n.fields[i].value, f.name)
		} else {
			n.fields = append(n.fields, f)
		}
	}
	return &n
}

// get returns the field of that name, or nil.
func (n *node) get(name string) *field {
	if n == nil {
		return nil
	}
	for i, f := range n.fields {
		if f.name == name && !f.value.nothing() {
			return &n.fields[i]
		}
	}
	return nil
}
