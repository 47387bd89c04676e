package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"
)

// A contract is openapi.yaml, ready to hold answers against.
type contract struct {
	doc        map[string]any
	operations []operation

	mu       sync.Mutex
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema // by JSON pointer
}

// An operation is one method of one path.
type operation struct {
	ID     string
	Method string
	Path   string // with its parameters: /v1/orders/{id}
	Guard  guard
	at     string // JSON pointer
}

// A guard says who may call an operation.
type guard string

const (
	anyone   guard = "anyone"
	signedIn guard = "any account"
	managers guard = "managers"
)

// docURL names the document to the schema compiler; nothing is fetched.
const docURL = "https://triptych.invalid/openapi.json"

// readContract reads an OpenAPI 3.1 document, whose schemas are JSON Schema
// 2020-12, and compiles every schema that an answer can meet.
func readContract(document []byte) (*contract, error) {
	var tree map[string]any
	if err := yaml.Unmarshal(document, &tree); err != nil {
		return nil, err
	}
	asJSON, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		return nil, err
	}
	c := &contract{doc: doc.(map[string]any), compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	c.compiler.AssertFormat()
	if err := c.compiler.AddResource(docURL, doc); err != nil {
		return nil, err
	}
	c.listOperations()
	return c, c.compileAll()
}

func (c *contract) listOperations() {
	paths := c.doc["paths"].(map[string]any)
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		item := paths[path].(map[string]any)
		for _, method := range []string{"get", "put", "post", "delete"} {
			op, ok := item[method].(map[string]any)
			if !ok {
				continue
			}
			id, _ := op["operationId"].(string)
			c.operations = append(c.operations, operation{
				ID: id, Method: strings.ToUpper(method), Path: path, Guard: c.guardOf(op),
				at: pointer("paths", path, method),
			})
		}
	}
}

// guardOf reads who may call: no security requirement is anyone, and the roles
// that OpenAPI 3.1 allows beside a scheme are ours.
func (c *contract) guardOf(op map[string]any) guard {
	security, ok := op["security"].([]any)
	if !ok {
		security, _ = c.doc["security"].([]any)
	}
	if len(security) == 0 {
		return anyone
	}
	for _, roles := range security[0].(map[string]any) {
		if slices.Contains(roles.([]any), any("manager")) {
			return managers
		}
	}
	return signedIn
}

// find returns the operation that serves a path, and whether the path is
// served at all, be it by other methods.
func (c *contract) find(method, path string) (op operation, found, known bool) {
	best := -1
	for _, o := range c.operations {
		literal, ok := match(o.Path, path)
		if !ok {
			continue
		}
		known = true
		if o.Method == method && literal > best {
			op, found, best = o, true, literal
		}
	}
	return op, found, known
}

// match compares a path with a template, and counts the segments that are
// equal: /v1/accounts/me is more so than /v1/accounts/{id}.
func match(template, path string) (literal int, ok bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return 0, false
	}
	for i, segment := range want {
		switch {
		case segment == got[i]:
			literal++
		case !strings.HasPrefix(segment, "{") || got[i] == "":
			return 0, false
		}
	}
	return literal, true
}

// compileAll compiles what answers are held against, so that a mistake in the
// document is found before the first request.
func (c *contract) compileAll() error {
	for _, op := range c.operations {
		responses := c.node(op.at + "/responses").(map[string]any)
		for status := range responses {
			at, response := c.resolve(op.at + "/responses/" + status)
			content, _ := response["content"].(map[string]any)
			for media, m := range content {
				if _, ok := m.(map[string]any)["schema"]; !ok {
					continue
				}
				if _, err := c.schema(at + pointer("content", media, "schema")); err != nil {
					return fmt.Errorf("%s %s: %w", op.ID, status, err)
				}
			}
		}
	}
	return nil
}

func (c *contract) schema(at string) (*jsonschema.Schema, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.schemas[at]; s != nil {
		return s, nil
	}
	s, err := c.compiler.Compile(docURL + "#" + at)
	c.schemas[at] = s
	return s, err
}

// node returns what a pointer points at, or nil.
func (c *contract) node(at string) any {
	var n any = c.doc
	for part := range strings.SplitSeq(strings.TrimPrefix(at, "/"), "/") {
		m, ok := n.(map[string]any)
		if !ok {
			return nil
		}
		n = m[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
	}
	return n
}

// resolve follows the references that responses and headers may be.
func (c *contract) resolve(at string) (string, map[string]any) {
	for {
		node, _ := c.node(at).(map[string]any)
		ref, ok := node["$ref"].(string)
		if !ok {
			return at, node
		}
		at = strings.TrimPrefix(ref, "#")
	}
}

// pointer makes a JSON pointer (RFC 6901).
func pointer(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(p))
	}
	return b.String()
}

// statusText is a status as people and the document write it.
func statusText(status int) string {
	return fmt.Sprintf("%d %s", status, http.StatusText(status))
}
