package sam

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// What a template may grow to when its aliases are followed: a few lines of
// aliases of aliases stand for billions of values otherwise.
const (
	maxNodes = 100_000
	maxDepth = 60
)

// A node is a value of the template: YAML without its spellings. Aliases are
// followed, and !Sub and {Fn::Sub: …} are the same call.
type node struct {
	line   int
	kind   kind
	text   string  // a scalar's text, or a call's name: Ref, Fn::Sub
	tag    string  // a scalar's type: !!str, !!int, …
	bare   bool    // a scalar without quotes
	fields []field // of a mapping
	items  []*node // of a sequence, or a call's one argument
}

type kind int

const (
	scalar kind = iota
	mapping
	sequence
	call
)

// String is the kind as a complaint calls it.
func (k kind) String() string {
	return [...]string{"a single value", "a mapping", "a list", "a call"}[k]
}

// A field is a name with its value and the line it stands on.
type field struct {
	name  string
	line  int
	value *node
}

var yamlError = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)

// tree reads text, or complains and returns nil.
func (l *loader) tree(text []byte) *node {
	if len(text) > maxSize {
		l.complain(1, "the template is larger than %d bytes, which is all that CloudFormation takes: split it", maxSize)
		return nil
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	err := d.Decode(&document)
	if err == nil {
		if next := d.Decode(new(yaml.Node)); !errors.Is(next, io.EOF) {
			err = errors.New("yaml: more than one document: keep one template in a file")
		}
	}
	switch {
	case errors.Is(err, io.EOF):
		l.complain(1, "the template is empty: begin it with Transform and Resources")
		return nil
	case err != nil:
		m := yamlError.FindStringSubmatch(err.Error())
		if m == nil {
			m = []string{"", "", err.Error()}
		}
		line, _ := strconv.Atoi(m[1])
		l.complain(max(1, line), "this is not YAML: %s", m[2])
		return nil
	}
	p := planter{loader: l}
	return p.plant(document.Content[0], 0)
}

// A planter makes nodes of YAML's, and counts them.
type planter struct {
	*loader
	count int
	full  bool
}

func (p *planter) plant(y *yaml.Node, depth int) *node {
	for y.Kind == yaml.AliasNode {
		y, depth = y.Alias, depth+1
	}
	p.count++
	if depth > maxDepth || p.count > maxNodes {
		if !p.full {
			p.complain(max(1, y.Line), "the template is nested too deeply, or too large once its aliases are followed: write it with fewer aliases")
		}
		p.full = true
		return nil
	}
	n := &node{line: max(1, y.Line)}
	switch y.Kind {
	case yaml.MappingNode:
		n.kind = mapping
		p.plantFields(n, y, depth)
	case yaml.SequenceNode:
		n.kind = sequence
		for _, item := range y.Content {
			if v := p.plant(item, depth+1); v != nil {
				n.items = append(n.items, v)
			}
		}
	default:
		n.text, n.tag, n.bare = y.Value, y.ShortTag(), y.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle|yaml.LiteralStyle|yaml.FoldedStyle) == 0
	}
	if strings.Contains(n.text, mark) {
		p.complain(n.line, "a text holds the character NUL: take it out")
		return nil
	}
	if p.full {
		return nil
	}
	return callOf(n, y.Tag)
}

func (p *planter) plantFields(n *node, y *yaml.Node, depth int) {
	seen := map[string]int{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		key := y.Content[i]
		for key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		line := max(1, y.Content[i].Line)
		switch first, twice := seen[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			p.complain(line, "a name must be a single word: this one is a list or a mapping")
			continue
		case key.Tag == "!!merge":
			p.complain(line, "CloudFormation has no merge keys (<<): write the values out, or put them under Globals")
			continue
		case twice:
			p.complain(line, "%s is already on line %d: leave one of them out", key.Value, first)
			continue
		}
		seen[key.Value] = line
		if v := p.plant(y.Content[i+1], depth+1); v != nil {
			n.fields = append(n.fields, field{key.Value, line, v})
		}
	}
}

// callOf turns a value that calls a function of CloudFormation, in either
// spelling, into the call.
func callOf(n *node, tag string) *node {
	if strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!") && tag != "!" {
		name := strings.TrimPrefix(tag, "!")
		if name != "Ref" && name != "Condition" {
			name = "Fn::" + name
		}
		n.tag = "!!str"
		return &node{line: n.line, kind: call, text: name, items: []*node{n}}
	}
	if n.kind == mapping && len(n.fields) == 1 {
		if f := n.fields[0]; f.name == "Ref" || strings.HasPrefix(f.name, "Fn::") {
			return &node{line: f.line, kind: call, text: f.name, items: []*node{f.value}}
		}
	}
	return n
}
