package sam

import (
	"slices"
	"strings"

	"triptych/faas/function"
)

// granted are AWS's policies for what every function may do here.
var granted = map[string]bool{
	"AWSLambdaBasicExecutionRole":     true,
	"AWSLambdaVPCAccessExecutionRole": true,
	"AWSXRayDaemonWriteAccess":        true,
}

const invokeAction = "lambda:InvokeFunction"

// policies returns the names of the functions that a function may invoke.
func (l *loader) policies(f field) []string {
	var all []string
	known := l.policy(&all)
	for _, p := range l.lists(f) {
		if p.value.kind != mapping {
			if name, ok := l.text(p); ok && !granted[name[strings.LastIndex(name, "/")+1:]] {
				meaningless(l, p.line, name, granted)
			}
			continue
		}
		for _, one := range l.fields(p) {
			if read, ok := known[one.name]; ok {
				read(one)
				continue
			}
			meaningless(l, one.line, one.name, known)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func meaningless[V any](l *loader, line int, name string, known map[string]V) {
	l.complain(line, "the policy %s%s has no meaning here: a function may invoke others, by LambdaInvokePolicy: {FunctionName: …}", quoted(name), meant(name, known))
}

// policy is one of SAM's policy templates, or a policy document. SAM takes any
// version and id of the latter.
func (l *loader) policy(all *[]string) object {
	return object{
		"LambdaInvokePolicy": func(f field) {
			l.object(f, object{"FunctionName": func(f field) {
				if s, ok := l.text(f); ok && l.functionName(f, s) {
					*all = append(*all, s)
				}
			}})
		},
		"StepFunctionsExecutionPolicy": l.refused(stateMachineLater),
		"VPCAccessPolicy":              ignored,
		"Version":                      ignored,
		"Id":                           ignored,
		"Statement": func(f field) {
			for _, s := range l.lists(f) {
				*all = append(*all, l.statement(s)...)
			}
		},
	}
}

func (l *loader) functionName(f field, s string) bool {
	if err := function.CheckName(s); err != nil {
		l.complain(f.line, "%s is %s: write the name of a function, as in !Ref Hello", f.name, quoted(s))
		return false
	}
	return true
}

// statement reads one statement of a policy document, which may allow to invoke
// functions that it names.
func (l *loader) statement(s field) []string {
	var names []string
	l.object(s, object{
		"Sid":    ignored,
		"Effect": func(f field) { l.oneOf(f, "Allow") },
		"Action": func(f field) { l.actions(f) },
		"Resource": func(f field) {
			for _, r := range l.lists(f) {
				if name := l.invoked(r); name != "" {
					names = append(names, name)
				}
			}
		},
	})
	if s.value.kind == mapping {
		for _, name := range []string{"Effect", "Action", "Resource"} {
			if s.value.get(name) == nil {
				l.complain(s.line, "the statement has no %s: write one", name)
			}
		}
	}
	return names
}

func (l *loader) actions(f field) {
	for _, a := range l.lists(f) {
		switch s, ok := l.text(a); {
		case !ok || s == invokeAction:
		case strings.HasPrefix(s, "states:"):
			l.complain(a.line, "the action %s: %s", quoted(s), stateMachineLater)
		case strings.HasPrefix(s, "logs:") || strings.HasPrefix(s, "xray:"): // everybody may here
		default:
			l.complain(a.line, "the action %s has no meaning here: a function may be allowed %s alone", quoted(s), invokeAction)
		}
	}
}

func (l *loader) invoked(f field) string {
	s, ok := l.text(f)
	if !ok {
		return ""
	}
	ref, err := function.ParseRef(s, "")
	if err != nil || !strings.HasPrefix(s, "arn:") {
		l.complain(f.line, "Resource is %s: name each function, as in !GetAtt Hello.Arn or !Sub \"${Hello.Arn}:*\"", quoted(s))
		return ""
	}
	return ref.Name
}
