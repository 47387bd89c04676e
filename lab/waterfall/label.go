package waterfall

import (
	"regexp"
	"strings"

	"triptych/lab/trace"
)

// label is what a span is called on the chart: its name, for a query what is done
// to which table, and for a call of gRPC the method without its package, which
// is named like the service.
func label(s *trace.Span) string {
	if sql := query(s); sql != "" {
		if short := shortSQL(sql); short != "" {
			if rest, ok := strings.CutPrefix(s.Name, "prepare"); ok && rest != "d" {
				short = "prepare " + short
			}
			return clean(short)
		}
	}
	if s.Name == "" {
		return "(no name)"
	}
	return clean(rpcMethod.ReplaceAllString(s.Name, "$1"))
}

// rpcMethod takes orders.v1.Orders/PlaceOrder apart.
var rpcMethod = regexp.MustCompile(`^(?:[a-z][a-z0-9_]*\.)+([A-Z][A-Za-z0-9]*/[A-Z][A-Za-z0-9]*)$`)

func query(s *trace.Span) string {
	for _, name := range []string{"db.query.text", "db.statement"} { // today's convention, and the one before
		if q, ok := s.Attributes[name].(string); ok {
			return q
		}
	}
	return ""
}

// before says which word comes before the table's name.
var before = map[string]string{
	"SELECT": "FROM", "DELETE": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE", "MERGE": "INTO", "COPY": "COPY", "TRUNCATE": "TRUNCATE",
}

// shortSQL cuts a statement down to its verb and its first table: "UPDATE
// products". It is no parser; where it is in doubt it returns the verb alone.
func shortSQL(sql string) string {
	words := sqlWords(sql)
	if len(words) == 0 {
		return ""
	}
	verb := strings.ToUpper(words[0])
	if verb == "WITH" { // what the statement does comes after its common tables
		verb, words = mainVerb(words)
	}
	marker, ok := before[verb]
	if !ok {
		return verb
	}
	for i, w := range words[:len(words)-1] {
		if !strings.EqualFold(w, marker) {
			continue
		}
		next := words[i+1]
		if strings.EqualFold(next, "ONLY") && i+2 < len(words) {
			next = words[i+2]
		}
		if table := tableName(next); table != "" {
			return verb + " " + table
		}
	}
	return verb
}

// mainVerb finds the verb outside all parentheses.
func mainVerb(words []string) (string, []string) {
	depth := 0
	for i, w := range words {
		if depth == 0 && before[strings.ToUpper(w)] != "" {
			return strings.ToUpper(w), words[i:]
		}
		depth += strings.Count(w, "(") - strings.Count(w, ")")
	}
	return "WITH", words[:1]
}

// sqlWords splits a statement at spaces, with comments left out.
func sqlWords(sql string) []string {
	var words []string
	for line := range strings.Lines(sql) {
		line, _, _ = strings.Cut(line, "--")
		words = append(words, strings.Fields(line)...)
	}
	return words
}

// tableName takes schema, quotes and what is glued to it off a name. It is
// empty for what is no name, as a subquery.
func tableName(w string) string {
	w, _, _ = strings.Cut(w, "(")
	w = strings.TrimRight(w, ",;)")
	if i := strings.LastIndexByte(w, '.'); i >= 0 {
		w = w[i+1:]
	}
	return strings.Trim(w, `"`)
}
