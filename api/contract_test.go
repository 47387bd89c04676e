package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"
)

func TestEveryRouteSaysWhoMayCallIt(t *testing.T) {
	operations := map[string]bool{}
	for _, r := range Routes {
		if r.Who < Anyone || r.Who > Managers {
			t.Errorf("%s: no policy", r.Operation)
		}
		if r.Class < Browsing || r.Class > SigningIn {
			t.Errorf("%s: the class %d", r.Operation, r.Class)
		}
		if r.Operation == "" || operations[r.Operation] {
			t.Errorf("%s %s: the operation %q is not its own", r.Method, r.Path, r.Operation)
		}
		operations[r.Operation] = true
		if !slices.Contains(methods, r.Method) {
			t.Errorf("%s: nobody is told of the method %s", r.Operation, r.Method)
		}
		if !strings.HasPrefix(r.Path, "/v1/") || strings.HasSuffix(r.Path, "/") || r.serve == nil {
			t.Errorf("%s: %s %s", r.Operation, r.Method, r.Path)
		}
	}
}

// operation is what a route and openapi.yaml both say.
type operation struct {
	Method, Path string
	Who          Policy
}

// The table of routes and the document are written by hand, both: neither may
// have what the other lacks, or let in whom the other does not.
func TestTheDocumentHasTheRoutes(t *testing.T) {
	routed := map[string]operation{}
	for _, r := range Routes {
		routed[r.Operation] = operation{r.Method, r.Path, r.Who}
	}
	routed["healthz"] = operation{"GET", "/healthz", Anyone}
	routed["readyz"] = operation{"GET", "/readyz", Anyone}
	if diff := cmp.Diff(routed, documented(t)); diff != "" {
		t.Errorf("operations (-routes +openapi.yaml):\n%s", diff)
	}
}

func documented(t *testing.T) map[string]operation {
	var document struct {
		OpenAPI  string
		Security any
		Paths    map[string]map[string]yaml.Node
	}
	if err := yaml.Unmarshal(OpenAPI, &document); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(document.OpenAPI, "3.1.") {
		t.Errorf("the document is of OpenAPI %s", document.OpenAPI)
	}
	found := map[string]operation{}
	for path, item := range document.Paths {
		for method, node := range item {
			if method == "parameters" {
				continue
			}
			var op struct {
				OperationID string `yaml:"operationId"`
				Security    any
			}
			op.Security = document.Security
			if err := node.Decode(&op); err != nil {
				t.Fatal(err)
			}
			if _, twice := found[op.OperationID]; twice {
				t.Errorf("the document has %q twice", op.OperationID)
			}
			found[op.OperationID] = operation{strings.ToUpper(method), path, policy(t, op.Security)}
		}
	}
	return found
}

// policy reads who may call an operation from the security it requires.
func policy(t *testing.T, security any) Policy {
	t.Helper()
	for who, required := range map[Policy]any{
		Anyone:   []any{},
		SignedIn: []any{map[string]any{"bearer": []any{}}},
		Managers: []any{map[string]any{"bearer": []any{"manager"}}},
	} {
		if cmp.Equal(security, required) {
			return who
		}
	}
	t.Errorf("nobody knows who may call what requires %v", security)
	return 0
}
