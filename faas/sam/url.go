package sam

import (
	"strings"

	"triptych/faas/function"
)

// url reads how a function is reached over plain HTTP.
func (l *loader) url(f field) *URL {
	u := URL{InvokeMode: "BUFFERED"}
	l.object(f, object{
		"AuthType":   func(f field) { u.AuthType, _ = l.oneOf(f, "NONE", "AWS_IAM") },
		"InvokeMode": func(f field) { u.InvokeMode, _ = l.oneOf(f, "BUFFERED", "RESPONSE_STREAM") },
		"Cors":       func(f field) { u.Cors = l.cors(f) },
	})
	if n := l.resolve(f.value); n != nil && n.kind == mapping && n.get("AuthType") == nil {
		l.complain(f.line, "FunctionUrlConfig has no AuthType: write NONE or AWS_IAM")
	}
	return &u
}

func (l *loader) cors(f field) *Cors {
	var c Cors
	l.object(f, object{
		"AllowCredentials": func(f field) { c.AllowCredentials, _ = l.truth(f) },
		"AllowHeaders":     func(f field) { c.AllowHeaders = l.corsNames(f, 1024) },
		"AllowMethods":     func(f field) { c.AllowMethods = l.corsMethods(f) },
		"AllowOrigins":     func(f field) { c.AllowOrigins = l.corsNames(f, 253) },
		"ExposeHeaders":    func(f field) { c.ExposeHeaders = l.corsNames(f, 1024) },
		"MaxAge":           func(f field) { c.MaxAge, _ = l.whole(f, 0, function.MaxCorsAge) },
	})
	return &c
}

// corsNames reads origins or names of headers. The bounds are those of the Lambda
// API reference.
func (l *loader) corsNames(f field, long int) []string {
	const most = 100
	items := l.list(f)
	if len(items) > most {
		l.complain(f.line, "%s has %d entries: write at most %d", f.name, len(items), most)
		return nil
	}
	var all []string
	for _, item := range items {
		s, ok := l.text(item)
		if ok && (s == "" || len(s) > long || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == ',' })) {
			l.complain(item.line, "%s has %s: write from 1 to %d characters, without spaces and commas", f.name, quoted(s), long)
		}
		all = append(all, s)
	}
	return all
}

func (l *loader) corsMethods(f field) []string {
	var all []string
	for _, item := range l.list(f) {
		s, _ := l.oneOf(item, "*", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
		all = append(all, s)
	}
	return all
}
