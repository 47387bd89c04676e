package sam

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"triptych/faas/function"
)

func (l *loader) provisioned(fn *Function, f field) {
	l.object(f, object{
		"ProvisionedConcurrentExecutions": func(f field) { fn.Provisioned = l.count(f, 1) },
	})
}

func (l *loader) async(fn *Function, f field) {
	l.object(f, object{
		"MaximumRetryAttempts": func(f field) {
			if n, ok := l.whole(f, 0, function.MaxRetries); ok {
				fn.Async.MaximumRetryAttempts = &n
			}
		},
		"MaximumEventAgeInSeconds": func(f field) {
			if n, ok := l.whole(f, int(function.MinEventAge/time.Second), int(function.MaxEventAge/time.Second)); ok {
				fn.Async.MaximumEventAgeInSeconds = &n
			}
		},
		"DestinationConfig": func(f field) {
			l.object(f, object{
				"OnSuccess": func(f field) { fn.Async.OnSuccess = l.destination(f) },
				"OnFailure": func(f field) { fn.Async.OnFailure = l.destination(f) },
			})
		},
	})
}

// services are what may be told of events, by their names in SAM and in ARNs.
var services = map[string]string{"Lambda": "lambda", "SQS": "sqs"}

// destination returns the ARN of the function or queue that is told.
func (l *loader) destination(f field) string {
	const write = "write the ARN of a function or a queue, as in !GetAtt Hello.Arn"
	var arn, kind *field
	l.object(f, object{
		"Destination": func(f field) { arn = &f },
		"Type":        func(f field) { kind = &f },
	})
	service := ""
	if kind != nil {
		name, ok := l.text(*kind)
		if service = services[name]; ok && service == "" {
			l.complain(kind.line, "%s goes to %s, which this runner does not have: use Lambda or SQS", f.name, quoted(name))
			return ""
		}
	}
	if arn == nil {
		l.complain(f.line, "%s has no Destination: %s", f.name, write)
		return ""
	}
	s, ok := l.text(*arn)
	if ok && !isARN(s, "lambda") && !isARN(s, "sqs") {
		l.complain(arn.line, "Destination is %s: %s", quoted(s), write)
	} else if ok && service != "" && !isARN(s, service) {
		l.complain(arn.line, "Destination is %s, and its Type is another: correct one of them", quoted(s))
	}
	return s
}

// isARN reports whether s names a function or a queue.
func isARN(s, service string) bool {
	rest, ok := strings.CutPrefix(s, "arn:aws:"+service+":")
	if !ok {
		return false
	}
	if service == "lambda" {
		_, err := function.ParseRef(s, "")
		return err == nil
	}
	return function.CheckQueue(rest[strings.LastIndex(rest, ":")+1:]) == nil
}

func (l *loader) deadLetter(f field) *DeadLetter {
	var d DeadLetter
	l.object(f, object{
		"Type":      func(f field) { d.Type, _ = l.text(f) },
		"TargetArn": func(f field) { d.TargetARN, _ = l.text(f) },
	})
	if d.Type != "SQS" || !isARN(d.TargetARN, "sqs") {
		l.complain(f.line, "DeadLetterQueue must have Type: SQS, and a TargetArn that is a queue's, as in !GetAtt Dead.Arn")
	}
	return &d
}

// metadata reads what concerns this runner, and leaves the rest alone.
func (l *loader) metadata(fn *Function, f field) {
	n := l.value(f, mapping)
	if n == nil {
		return
	}
	built := n.get("SamResourceId") != nil // by "sam build": CodeUri holds what it has made
	if m := n.get("BuildMethod"); m != nil {
		fn.BuildMethod, _ = l.text(*m)
		if fn.BuildMethod != goBuild && !built {
			l.complain(m.line, "BuildMethod is %s: write go1.x or, when CodeUri holds a bootstrap, leave it out; for any other run sam build and deploy the template that it leaves", quoted(fn.BuildMethod))
		}
	}
	if r := n.get("Runner"); r != nil {
		fn.Runner = l.runner(*r)
	}
}

// isolation are the levels of the sandbox.
var isolation = []string{"none", "basic", "standard", "strict"}

// runner reads what SAM has no word for.
func (l *loader) runner(f field) function.Settings {
	var s function.Settings
	l.object(f, object{
		"Isolation": func(f field) { s.Isolation, _ = l.oneOf(f, isolation...) },
		"KeepAlive": func(f field) {
			text, ok := l.text(f)
			d, err := time.ParseDuration(text)
			if ok && (err != nil || d < 0) {
				l.complain(f.line, "KeepAlive is %s: write a duration such as 90s or 5m", quoted(text))
			}
			s.KeepAlive = d
		},
		"MaxConcurrency": func(f field) { s.MaxConcurrency, _ = l.whole(f, 1, function.MaxSlots) },
		"Connect": func(f field) {
			ports := map[uint16]bool{}
			for _, item := range l.lists(f) {
				if n, ok := l.whole(item, 1, math.MaxUint16); ok {
					ports[uint16(n)] = true
				}
			}
			s.Connect = slices.Sorted(maps.Keys(ports))
		},
	})
	return s
}
