package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// protocol is what holds for every route: health, traces, problems, strict
// JSON, limits of size, parameters.
func protocol() []scenario {
	return []scenario{
		{"protocol", "says that it is alive, ready, and what it is", whatItIs},
		{"protocol", "continues a trace", continuesTrace},
		{"protocol", "begins a trace when the caller's cannot be read", beginsTrace},
		{"protocol", "answers 404 as a problem where there is no route", noRoute},
		{"protocol", "answers 405 with Allow for another method", otherMethod},
		{"protocol", "refuses an unknown field, at any depth", unknownField},
		{"protocol", "refuses JSON that is not exactly one document", notOneDocument},
		{"protocol", "refuses a key that is there twice", duplicateKey},
		{"protocol", "refuses values of the wrong type", wrongType},
		{"protocol", "refuses a JSON body over 1 MiB, announced or not", jsonTooLarge},
		{"protocol", "takes JSON only as application/json", jsonMedia},
		{"protocol", "refuses parameters that it cannot read", badParameters},
		{"protocol", "answers 404 to ids that cannot be ids", notAnID},
		{"protocol", "survives NUL and other text that a database may refuse", hostileText},
		{"protocol", "sheds browsing before checkout, and says when to try again", flood},
	}
}

func whatItIs(t *try) {
	t.get(nil, "/healthz").want(http.StatusOK)
	t.get(nil, "/readyz").want(http.StatusOK)
	t.get(nil, "/v1/info").want(http.StatusOK)
}

func continuesTrace(t *try) {
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for _, path := range []string{"/v1/products", "/v1/cart", "/v1/products/NO-SUCH-THING"} {
		a := t.get(nil, path, header("Traceparent", "00-"+id+"-00f067aa0ba902b7-01"))
		equal(t, a.String()+": Trace-Id", a.Header.Get("Trace-Id"), id)
	}
}

func beginsTrace(t *try) {
	seen := map[string]bool{}
	for _, parent := range []string{"", "nonsense", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", "00-4bf9-00f0-01"} {
		a := t.get(nil, "/v1/info", header("Traceparent", parent)).want(http.StatusOK)
		seen[a.Header.Get("Trace-Id")] = true
	}
	equal(t, "the number of traces", len(seen), 4)
	if seen[strings.Repeat("0", 32)] {
		t.errorf("a trace id of zeros names no trace")
	}
}

func noRoute(t *try) {
	for _, path := range []string{"/", "/v1", "/v1/nothing", "/v2/products", "/v1/products/", "/v1/orders/a/b/c", "/favicon.ico", "/v1/products/A%2FB"} {
		t.get(t.manager, path).refused(http.StatusNotFound, "not_found")
	}
	t.ask(t.manager, "DELETE", "/v1/nothing", nil).refused(http.StatusNotFound, "not_found")
}

func otherMethod(t *try) {
	for _, c := range []struct{ method, path, allowed string }{
		{"POST", "/v1/products", "GET"},
		{"DELETE", "/v1/products/ABC-1", "PUT"},
		{"GET", "/v1/sessions", "POST"},
		{"PATCH", "/v1/cart", "DELETE"},
		{"GET", "/v1/employees/somebody", "PUT"},
		{"POST", "/v1/info", "GET"},
	} {
		a := t.ask(t.manager, c.method, c.path, nil)
		a.refused(http.StatusMethodNotAllowed, "method_not_allowed")
		if !slices.Contains(strings.Split(strings.ReplaceAll(a.Header.Get("Allow"), " ", ""), ","), c.allowed) {
			t.errorf("%s: Allow is %q and leaves out %s", a, a.Header.Get("Allow"), c.allowed)
		}
	}
}

func unknownField(t *try) {
	sku := t.product(100, 1)
	who := t.buyer(0)
	const ship = `"ship_to":{"name":"n","line1":"l","city":"c","postcode":"p","country":"GB"}`
	for _, body := range []string{
		`{"lines":[{"sku":"` + sku + `","quantity":1}],` + ship + `,"payment":{"token":"tok_visa"},"total":1}`,
		`{"lines":[{"sku":"` + sku + `","quantity":1,"price":1}],` + ship + `,"payment":{"token":"tok_visa"}}`,
		`{"lines":[{"sku":"` + sku + `","quantity":1}],` + ship + `,"payment":{"token":"tok_visa","cvc":"1"}}`,
		`{"Lines":[{"sku":"` + sku + `","quantity":1}],` + ship + `,"payment":{"token":"tok_visa"}}`,
	} {
		t.post(who, "/v1/orders", []byte(body), key(t.unique("k"))).refused(http.StatusBadRequest, "unknown_field")
	}
	t.put(who, "/v1/cart/lines/"+sku, []byte(`{"quantity":1,"quantty":2}`)).refused(http.StatusBadRequest, "unknown_field")
	t.post(nil, "/v1/accounts", []byte(`{"email":"`+t.unique("x")+`@example.com","password":"`+password+`","name":"n","role":"manager"}`)).
		refused(http.StatusBadRequest, "unknown_field")
	equal(t, "stock after orders that were refused", t.onHand(sku), 1)
}

func notOneDocument(t *try) {
	sku := t.product(100, 0)
	for _, body := range []string{
		``, ` `, `{`, `{"quantity":1`, `{"quantity":1}}`, `{"quantity":1} {"quantity":2}`, `{"quantity":1} x`,
		`{'quantity':1}`, `{"quantity":01}`, `{"quantity":1,}`, `quantity=1`, "{\"quantity\":1}\x00", "\xff\xfe{}",
		`/* one */ {"quantity":1}`, `{"quantity":NaN}`,
	} {
		t.put(t.buyer(0), "/v1/cart/lines/"+sku, []byte(body)).refused(http.StatusBadRequest, "bad_json")
	}
	t.put(t.manager, "/v1/products/"+sku, []byte("{\"name\":\"\xff\",\"description\":\"\",\"category\":\"c\",\"price\":1}")).
		refused(http.StatusBadRequest, "bad_json")
	t.put(t.buyer(0), "/v1/cart/lines/"+sku, []byte(" {\"quantity\" : 0}\r\n\t")).want(http.StatusOK)
}

func duplicateKey(t *try) {
	sku := t.product(100, 0)
	t.put(t.buyer(0), "/v1/cart/lines/"+sku, []byte(`{"quantity":1,"quantity":2}`)).refused(http.StatusBadRequest, "bad_json")
	t.put(t.buyer(0), "/v1/cart/lines/"+sku, []byte(`{"quantity":1,"qu\u0061ntity":2}`)).refused(http.StatusBadRequest, "bad_json")
}

func wrongType(t *try) {
	sku := t.product(100, 0)
	for _, quantity := range []string{`"1"`, `1.5`, `true`, `[1]`, `{}`, `1e400`, `99999999999999999999`} {
		t.put(t.buyer(0), "/v1/cart/lines/"+sku, []byte(`{"quantity":`+quantity+`}`)).refused(http.StatusBadRequest, "bad_json")
	}
	for _, body := range []string{`[]`, `"text"`, `1`, `true`} {
		t.put(t.buyer(0), "/v1/cart/lines/"+sku, []byte(body)).refused(http.StatusBadRequest, "bad_json")
	}
	t.put(t.manager, "/v1/products/"+sku, []byte(`{"name":1,"description":"","category":"c","price":1}`)).refused(http.StatusBadRequest, "bad_json")
	t.put(t.manager, "/v1/products/"+sku, []byte(`{"name":"n","description":"","category":"c","price":19.99}`)).refused(http.StatusBadRequest, "bad_json")
}

func jsonTooLarge(t *try) {
	sku := t.product(100, 0)
	body := []byte(`{"name":"n","description":"` + strings.Repeat("x", 1<<20) + `","category":"c","price":1}`)
	t.put(t.manager, "/v1/products/"+sku, body).refused(http.StatusRequestEntityTooLarge, "body_too_large")
	t.put(t.manager, "/v1/products/"+sku, body, chunked).refused(http.StatusRequestEntityTooLarge, "body_too_large")
	// Blanks count too: it is the body that has a limit.
	fits := `{"quantity":0}`
	fits += strings.Repeat(" ", 1<<20-len(fits))
	t.put(t.buyer(0), "/v1/cart/lines/"+sku, []byte(fits)).want(http.StatusOK)
	t.put(t.buyer(0), "/v1/cart/lines/"+sku, []byte(fits+" ")).refused(http.StatusRequestEntityTooLarge, "body_too_large")
}

func jsonMedia(t *try) {
	sku := t.product(100, 0)
	path, body := "/v1/cart/lines/"+sku, []byte(`{"quantity":1}`)
	for _, media := range []string{"text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json", "json", ""} {
		t.put(t.buyer(0), path, body, header("Content-Type", media)).refused(http.StatusUnsupportedMediaType, "unsupported_media_type")
	}
	t.put(t.buyer(0), path, body, without("Content-Type")).refused(http.StatusUnsupportedMediaType, "unsupported_media_type")
	for _, media := range []string{"application/json; charset=utf-8", "Application/JSON", "application/json;charset=\"utf-8\""} {
		t.put(t.buyer(0), path, body, header("Content-Type", media)).want(http.StatusOK)
	}
}

func badParameters(t *try) {
	for _, path := range []string{"/v1/products", "/v1/orders", "/v1/employees"} {
		for _, q := range []string{"limit=0", "limit=101", "limit=-1", "limit=ten", "limit=1.5", "limit=", "limit=99999999999999999999",
			"cursor=", "cursor=%00", "cursor=not+ours!", "limit=1&limit=2", "unknown=1", "limit=%zz"} {
			t.get(t.manager, path+"?"+q).refused(http.StatusBadRequest, "bad_parameter")
		}
	}
	for _, q := range []string{"status=", "status=lost", "status=Confirmed"} {
		t.get(t.manager, "/v1/orders?"+q).refused(http.StatusBadRequest, "bad_parameter")
	}
}

func notAnID(t *try) {
	for _, id := range []string{"1", "x", "%00", "00000000-0000-0000-0000-000000000000", "0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5", "%F0%9F%92%A9", "0192f0c17b5e7c3a9d2e4f1a2b3c4d5e", "{0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5e}"} {
		t.get(t.manager, "/v1/orders/"+id).refused(http.StatusNotFound, "not_found")
		t.post(t.manager, "/v1/orders/"+id+"/cancel", nil).refused(http.StatusNotFound, "not_found")
		t.post(t.manager, "/v1/orders/"+id+"/ship", nil).refused(http.StatusNotFound, "not_found")
		t.get(t.manager, "/v1/payroll/runs/"+id).refused(http.StatusNotFound, "not_found")
		t.get(t.manager, "/v1/payroll/runs/"+id+"/payslips").refused(http.StatusNotFound, "not_found")
		t.get(nil, "/v1/pictures/"+id+"/thumb").refused(http.StatusNotFound, "not_found")
	}
}

// hostileText sends what some store behind the shop may choke on. Refusing it
// is as good as keeping it; answering 500 is not, and ask notes that.
func hostileText(t *try) {
	for _, text := range []string{"a\x00b", "\u202ereversed", "'; DROP TABLE products; --", "𝔘𝔫𝔦\u0301", "\uffff", strings.Repeat("é", 200)} {
		sku := t.newSKU()
		t.put(t.manager, "/v1/products/"+sku, details{text, text, "conformance", 1}).want(http.StatusCreated, http.StatusUnprocessableEntity, http.StatusBadRequest)
		t.post(nil, "/v1/sessions", map[string]string{"email": text, "password": text}).want(http.StatusUnauthorized, http.StatusUnprocessableEntity, http.StatusBadRequest)
		o := draft(item{t.newSKU(), 1})
		o.ShipTo.Name = text
		t.post(t.buyer(0), "/v1/orders", o, key(t.unique("k"))).want(http.StatusUnprocessableEntity, http.StatusBadRequest)
	}
	for _, q := range []string{"%00", "%25", "_", "%5C", "%27", "%F0%9F%92%A9", "%FF"} {
		t.get(nil, "/v1/products?q="+q+"&category="+q).want(http.StatusOK, http.StatusBadRequest)
		t.get(nil, "/v1/products/"+q).refused(http.StatusNotFound, "not_found")
	}
}

// flood asks more at once than a shop need serve. That each answer is a page
// or a documented refusal with Retry-After, ask notes; meanwhile an order must
// go through.
func flood(t *try) {
	sku, who := t.product(100, 1), t.buyer(0)
	const readers = 300
	shed := make([]bool, readers)
	t.together(readers+1, func(i int) {
		if i == readers {
			equal(t, "an order in the middle of the flood", t.place(who, draft(item{sku, 1}), key(t.unique("k"))).Status, "confirmed")
			return
		}
		a := t.get(nil, fmt.Sprintf("/v1/products?limit=100&q=%d", i)).want(http.StatusOK, http.StatusServiceUnavailable)
		shed[i] = a.Status != http.StatusOK
	})
	n := 0
	for _, s := range shed {
		if s {
			n++
		}
	}
	t.notef("%d of %d requests at once were shed", n, readers)
}
