package conformance

import (
	"net/http"
	"strings"
)

// roles asks every operation of openapi.yaml as everybody: who may call is
// read from there, so that a new route is asked too.
func roles(c *contract) []scenario {
	var list []scenario
	for _, op := range c.operations {
		name := op.ID + " is for " + string(op.Guard)
		list = append(list, scenario{"roles", name, func(t *try) { askAsEverybody(t, op) }})
	}
	return list
}

// askAsEverybody sends no body, so that what is let in goes no further: it is
// settled who may before it is looked at what is asked.
func askAsEverybody(t *try, op operation) {
	owner, other := t.buyer(0), t.buyer(1)
	path := t.fillIn(op, owner)
	if op.Guard != anyone {
		t.ask(nil, op.Method, path, nil).refused(http.StatusUnauthorized, "unauthenticated")
		for name, token := range forgedBearers(t) {
			if a := t.ask(&account{Token: token}, op.Method, path, nil); a.Status != http.StatusUnauthorized {
				t.errorf("%s: let in with a token that is %s", a, name)
			}
		}
	}
	switch {
	case op.Guard == managers:
		t.ask(owner, op.Method, path, nil).refused(http.StatusForbidden, "forbidden")
	case strings.HasPrefix(op.Path, "/v1/orders/{id}"):
		t.ask(other, op.Method, path, nil).refused(http.StatusNotFound, "not_found")
		t.letIn(owner, op, path)
	case op.Guard == signedIn:
		t.letIn(owner, op, path)
	default:
		t.letIn(nil, op, path)
	}
	t.letIn(t.manager, op, path)
}

func (t *try) letIn(who *account, op operation, path string) {
	a := t.ask(who, op.Method, path, nil)
	if a.Status == http.StatusUnauthorized && op.ID != "createSession" || a.Status == http.StatusForbidden {
		t.errorf("%s: refused to somebody who may", a)
	}
}

// fillIn puts things that there are into an operation's path.
func (t *try) fillIn(op operation, owner *account) string {
	path := op.Path
	switch {
	case strings.Contains(path, "{sku}"):
		path = strings.Replace(path, "{sku}", t.product(100, 1), 1)
	case strings.HasPrefix(path, "/v1/orders/{id}"):
		path = strings.Replace(path, "{id}", t.buy(owner, t.product(100, 1), 1).ID, 1)
	case strings.HasPrefix(path, "/v1/employees/"):
		path = strings.Replace(path, "{id}", t.id("role"), 1)
	default:
		path = strings.NewReplacer("{id}", "0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5e", "{size}", "thumb").Replace(path)
	}
	return path
}
