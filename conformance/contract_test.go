package conformance

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"triptych/api"
)

const (
	traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	orderID = "0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5e"
)

func theContract(t *testing.T) *contract {
	t.Helper()
	c, err := readContract(api.OpenAPI)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// goodOrder is an answer that keeps the contract; the tests below spoil it.
const goodOrder = `{"id":"` + orderID + `","status":"confirmed",
	"lines":[{"sku":"TEA-1","name":"Tea","quantity":1,"price":100,"total":100}],
	"subtotal":100,"discount":0,"shipping":395,"total":495,"vat":82,
	"ship_to":{"name":"n","line1":"l","city":"c","postcode":"p","country":"GB"},
	"placed_at":"2026-11-03T09:15:00Z","settled_at":"2026-11-03T09:15:00.5Z",
	"history":[{"status":"confirmed","at":"2026-11-03T09:15:00.5Z"}]}`

// TestContractIsKept spoils good answers, one thing at a time.
func TestContractIsKept(t *testing.T) {
	c := theContract(t)
	const notFound = `{"type":"about:blank","title":"Not Found","status":404,"detail":"no","instance":"/v1/x","code":"not_found"}`
	for _, test := range []struct {
		name, method, path string
		status             int
		media, body        string
		header             string // one more, as "Name: value"; "-Name" takes one away
		want               string // part of what must be found wrong; empty when nothing is
	}{
		{"good", "GET", "/v1/orders/" + orderID, 200, "application/json", goodOrder, "", ""},
		{"charset", "GET", "/v1/orders/" + orderID, 200, "application/json; charset=utf-8", goodOrder, "", ""},
		{"a field more", "GET", "/v1/orders/" + orderID, 200, "application/json", goodOrderWith(`"vat":82`, `"vat":82,"tax":82`), "", "tax"},
		{"a field less", "GET", "/v1/orders/" + orderID, 200, "application/json", goodOrderWith(`"vat":82,`, ``), "", "vat"},
		{"a number as text", "GET", "/v1/orders/" + orderID, 200, "application/json", goodOrderWith(`"vat":82`, `"vat":"82"`), "", "/vat"},
		{"pounds instead of pence", "GET", "/v1/orders/" + orderID, 200, "application/json", goodOrderWith(`"total":495`, `"total":4.95`), "", "/total"},
		{"no UUIDv7", "GET", "/v1/orders/" + orderID, 200, "application/json", goodOrderWith(`-7c3a-`, `-4c3a-`), "", "/id"},
		{"not UTC", "GET", "/v1/orders/" + orderID, 200, "application/json", goodOrderWith(`00Z","settled`, `00+01:00","settled`), "", "/placed_at"},
		{"no time", "GET", "/v1/orders/" + orderID, 200, "application/json", goodOrderWith(`"2026-11-03T09:15:00Z"`, `"todayZ"`), "", "/placed_at"},
		{"rejected without a reason", "GET", "/v1/orders/" + orderID, 200, "application/json", goodOrderWith(`"status":"confirmed",
	"lines`, `"status":"rejected","lines`), "", "reason"},
		{"unknown state", "GET", "/v1/orders/" + orderID, 200, "application/json", goodOrderWith(`[{"status":"confirmed"`, `[{"status":"done"`), "", "/history/0/status"},
		{"no trace", "GET", "/v1/orders/" + orderID, 200, "application/json", goodOrder, "-Trace-Id", "Trace-Id is missing"},
		{"no trace that is one", "GET", "/v1/orders/" + orderID, 200, "application/json", goodOrder, "Trace-Id: 17", "Trace-Id"},
		{"replayed where nothing is", "GET", "/v1/orders/" + orderID, 200, "application/json", goodOrder, "Idempotency-Replayed: true", "not documented"},
		{"another media type", "GET", "/v1/orders/" + orderID, 200, "text/html", "<p>", "", "media type"},
		{"a problem as JSON", "GET", "/v1/orders/" + orderID, 404, "application/json", notFound, "", "media type"},
		{"another status", "GET", "/v1/orders/" + orderID, 204, "", "", "", "204"},
		{"a status of another operation", "GET", "/v1/orders/" + orderID, 403, "application/problem+json", strings.ReplaceAll(strings.ReplaceAll(notFound, "404", "403"), "not_found", "forbidden"), "", "403"},
		{"no JSON", "GET", "/v1/orders/" + orderID, 200, "application/json", "{", "", "not JSON"},
		{"not found", "GET", "/v1/orders/" + orderID, 404, "application/problem+json", notFound, "", ""},
		{"a code of another status", "GET", "/v1/orders/" + orderID, 404, "application/problem+json", strings.ReplaceAll(notFound, "not_found", "forbidden"), "", "/code"},
		{"two statuses", "GET", "/v1/orders/" + orderID, 404, "application/problem+json", strings.ReplaceAll(notFound, "404", "410"), "", "410"},
		{"invalid without errors", "PUT", "/v1/employees/x", 422, "application/problem+json", strings.ReplaceAll(strings.ReplaceAll(notFound, "404", "422"), "not_found", "invalid"), "", "errors"},
		{"no route", "GET", "/v1/nothing", 404, "application/problem+json", notFound, "", ""},
		{"no route, and yet", "GET", "/v1/nothing", 200, "application/json", "{}", "", "does not have"},
		{"created without Location", "POST", "/v1/orders", 201, "application/json", goodOrder, "", "Location is missing"},
		{"pending as created", "POST", "/v1/orders", 201, "application/json",
			strings.NewReplacer(`"status":"confirmed",
	"lines`, `"status":"pending","lines`, `"settled_at":"2026-11-03T09:15:00.5Z",`, ``).Replace(goodOrder), "Location: /v1/orders/x", "/status"},
		{"nothing", "DELETE", "/v1/cart", 204, "", "", "", ""},
		{"nothing, with a body", "DELETE", "/v1/cart", 204, "", "{}", "", "body"},
		{"unsigned, unchallenged", "GET", "/v1/cart", 401, "application/problem+json", strings.ReplaceAll(strings.ReplaceAll(notFound, "404", "401"), "not_found", "unauthenticated"), "", "WWW-Authenticate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := http.Header{"Trace-Id": {traceID}, "Content-Type": {test.media}}
			if name, value, ok := strings.Cut(test.header, ": "); ok {
				h.Set(name, value)
			} else if test.header != "" {
				h.Del(strings.TrimPrefix(test.header, "-"))
			}
			got := strings.Join(c.check(test.method, test.path, test.status, h, []byte(test.body)), "\n")
			if (test.want == "") != (got == "") || !strings.Contains(got, test.want) {
				t.Errorf("found wrong: %q, want %q", got, test.want)
			}
		})
	}
}

// goodOrderWith is the good order with one thing replaced.
func goodOrderWith(old, now string) string { return strings.Replace(goodOrder, old, now, 1) }

func TestEveryOperationIsGuardedOrOpen(t *testing.T) {
	got := map[guard]int{}
	for _, op := range theContract(t).operations {
		if op.ID == "" {
			t.Errorf("%s %s has no operationId", op.Method, op.Path)
		}
		got[op.Guard]++
	}
	if got[anyone] != 8 || got[signedIn] != 8 || got[managers] != 10 {
		t.Errorf("operations by who may call them: %v", got)
	}
}

func TestLiteralPathsComeFirst(t *testing.T) {
	op, found, known := theContract(t).find("GET", "/v1/accounts/me")
	if !found || !known || op.ID != "getMe" {
		t.Errorf("got %q, %v, %v", op.ID, found, known)
	}
	if _, found, known := theContract(t).find("PATCH", "/v1/cart"); found || !known {
		t.Errorf("another method of a path: found %v, known %v", found, known)
	}
	if _, _, known := theContract(t).find("GET", "/v1/products/"); known {
		t.Error("a parameter may not be empty")
	}
}

// TestExamplesKeepTheirSchemas holds every example of the document, of requests
// too, against the schema beside it.
func TestExamplesKeepTheirSchemas(t *testing.T) {
	c := theContract(t)
	n := 0
	var walk func(at string, node any)
	walk = func(at string, node any) {
		switch node := node.(type) {
		case []any:
			for i, v := range node {
				walk(at+pointer(strconv.Itoa(i)), v)
			}
		case map[string]any:
			for name, v := range node {
				walk(at+pointer(name), v)
			}
			if _, ok := node["schema"]; !ok {
				return
			}
			for _, example := range c.examples(at, node) {
				n++
				if err := c.validate(at+"/schema", example); err != nil {
					t.Errorf("%s: %v", at, err)
				}
			}
		}
	}
	walk("", any(c.doc))
	if n < 40 {
		t.Errorf("only %d examples were found", n)
	}
}

// examples lists the examples beside a schema, given in place or by reference.
func (c *contract) examples(at string, node map[string]any) []any {
	var list []any
	if e, ok := node["example"]; ok {
		list = append(list, e)
	}
	named, _ := node["examples"].(map[string]any)
	for name := range named {
		_, e := c.resolve(at + pointer("examples", name))
		list = append(list, e["value"])
	}
	return list
}
