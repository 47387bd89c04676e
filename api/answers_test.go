package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"triptych/domain/fault"
	"triptych/domain/order"
)

const (
	id      = "0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5e"
	address = `"ship_to":{"name":"Ada","line1":"12 St James's Square","city":"London","postcode":"SW1Y 4JH","country":"GB"}`
	tea     = `{"lines":[{"sku":"TEA","quantity":1}],` + address + `,"payment":{"token":"tok_visa"}}`
	product = `{"name":"Tea","description":"","category":"Drinks","price":250}`
	wage    = `{"name":"Grace","tax_code":"1257L","ni_category":"A","pay":{"salary":4800000},"pension_percent":5}`
)

// What a good request is answered, and what of it reaches the shop.
func TestAnswers(t *testing.T) {
	f := open(t)
	none, ada, boss := "", f.customer, f.manager
	for _, c := range []struct {
		token, method, path, body string
		headers                   []string
		change                    func(*front)
		status                    int
		want                      string   // what the shop is asked
		has                       []string // headers of the answer, as name and value
	}{
		{none, "GET", "/v1/info", "", nil, nil, 200, "", nil},
		{none, "POST", "/v1/accounts", `{"email":"ada@example.com","password":"correct horse battery","name":"Ada"}`, nil, nil, 201, "CreateAccount ada@example.com Ada", nil},
		{none, "POST", "/v1/sessions", `{"email":"ada@example.com","password":"x"}`, nil, nil, 201, "SignIn ada@example.com x", []string{"Cache-Control", "no-store"}},
		{ada, "GET", "/v1/accounts/me", "", nil, nil, 200, "Account " + id, nil},

		{none, "GET", "/v1/products", "", nil, nil, 200, "Products { } {20 }", nil},
		{none, "GET", "/v1/products?category=Drinks&q=te&limit=5&cursor=VEVB", "", nil, nil, 200, "Products {Drinks te} {5 TEA}", nil},
		{none, "GET", "/v1/products/TEA", "", []string{"Prefer", "wait=10"}, nil, 200, "Product TEA 10s", []string{"Preference-Applied", "wait=10"}},
		{none, "GET", "/v1/products/TEA", "", []string{"Prefer", "respond-async"}, nil, 200, "Product TEA 0s", []string{"Preference-Applied", ""}},
		{boss, "PUT", "/v1/products/TEA", product, nil, nil, 201, "PutProduct TEA £2.50", nil},
		{boss, "PUT", "/v1/products/TEA", product, nil, func(f *front) { f.new = false }, 200, "PutProduct TEA £2.50", nil},
		{boss, "POST", "/v1/products/TEA/stock", `{"delta":-2,"reason":"breakage"}`, nil, nil, 200, "MoveStock TEA -2 breakage", nil},

		{ada, "GET", "/v1/cart", "", nil, nil, 200, "Cart " + id, nil},
		{ada, "PUT", "/v1/cart/lines/TEA", `{"quantity":0}`, nil, nil, 200, "SetCartLine " + id + " {TEA 0}", nil},
		{ada, "DELETE", "/v1/cart", "", nil, nil, 204, "ClearCart " + id, nil},

		{ada, "POST", "/v1/orders", tea, []string{"Idempotency-Key", "k1"}, nil, 201, "PlaceOrder customer k1 [{TEA 1}] false tok_visa 0s",
			[]string{"Location", "/v1/orders/" + id, "Idempotency-Replayed", "", "Preference-Applied", ""}},
		{ada, "POST", "/v1/orders", tea, []string{"Idempotency-Key", "k1", "Prefer", "wait=99"}, func(f *front) { f.order.Status = order.Pending }, 202,
			"PlaceOrder customer k1 [{TEA 1}] false tok_visa 30s", []string{"Location", "/v1/orders/" + id, "Preference-Applied", "wait=30"}},
		{ada, "POST", "/v1/orders", tea, []string{"Idempotency-Key", "k1"}, func(f *front) { f.new = false }, 201,
			"PlaceOrder customer k1 [{TEA 1}] false tok_visa 0s", []string{"Idempotency-Replayed", "true"}},
		{ada, "POST", "/v1/orders", tea, []string{"Idempotency-Key", "k1"}, func(f *front) { f.order.Status, f.new = order.Cancelling, false }, 202,
			"PlaceOrder customer k1 [{TEA 1}] false tok_visa 0s", []string{"Location", "/v1/orders/" + id, "Idempotency-Replayed", "true"}},
		{ada, "POST", "/v1/orders", tea, []string{"Idempotency-Key", "k1"}, func(f *front) { f.order.Status = order.Rejected }, 201,
			"PlaceOrder customer k1 [{TEA 1}] false tok_visa 0s", nil},
		{ada, "POST", "/v1/orders", `{` + address + `,"payment":{"token":"tok_visa"}}`, []string{"Idempotency-Key", "k1"}, nil, 201,
			"PlaceOrder customer k1 [] true tok_visa 0s", nil},
		{ada, "GET", "/v1/orders/" + id, "", []string{"Prefer", "wait=5"}, nil, 200, "Order customer " + id + " 5s", []string{"Preference-Applied", "wait=5"}},
		{ada, "GET", "/v1/orders?status=confirmed&limit=1", "", nil, nil, 200, "Orders customer confirmed {1 }", nil},
		{boss, "GET", "/v1/orders", "", nil, nil, 200, "Orders manager  {20 }", nil},
		{ada, "POST", "/v1/orders/" + id + "/cancel", "", nil, nil, 200, "CancelOrder customer " + id, []string{"Location", ""}},
		{ada, "POST", "/v1/orders/" + id + "/cancel", "", nil, func(f *front) { f.order.Status = order.Cancelling }, 202, "CancelOrder customer " + id,
			[]string{"Location", "/v1/orders/" + id}},
		{boss, "POST", "/v1/orders/" + id + "/ship", "", nil, nil, 200, "ShipOrder " + id, nil},

		{boss, "PUT", "/v1/products/TEA/picture", "\x89PNG", []string{"Content-Type", "image/png"}, nil, 201, "PutPicture TEA image/png 4 0s", nil},
		{boss, "PUT", "/v1/products/TEA/picture", "\x89PNG", []string{"Content-Type", "image/png", "Prefer", "wait=3"}, func(f *front) { f.picture.Status = "processing" }, 202,
			"PutPicture TEA image/png 4 3s", []string{"Preference-Applied", "wait=3"}},
		{none, "GET", "/v1/pictures/" + id + "/thumb", "", nil, nil, 200, "Picture " + id + " thumb", []string{"Content-Type", "image/jpeg", "ETag", `"abc"`,
			"Cache-Control", "public, max-age=31536000, immutable", "X-Content-Type-Options", "nosniff", "Content-Length", "12"}},
		{none, "GET", "/v1/pictures/" + id + "/thumb", "", []string{"If-None-Match", `"abc"`}, nil, 304, "Picture " + id + " thumb",
			[]string{"ETag", `"abc"`, "Cache-Control", "public, max-age=31536000, immutable"}},

		{boss, "PUT", "/v1/employees/grace", wage, nil, nil, 201, "PutEmployee grace", nil},
		{boss, "PUT", "/v1/employees/grace", wage, nil, func(f *front) { f.new = false }, 200, "PutEmployee grace", nil},
		{boss, "GET", "/v1/employees?limit=2", "", nil, nil, 200, "Employees {2 }", nil},
		{boss, "POST", "/v1/payroll/runs?period=2026-11", "1234", []string{"Content-Type", "text/csv", "Idempotency-Key", "k1"}, nil, 201,
			"StartRun manager k1 2026-11 4 0s", []string{"Location", "/v1/payroll/runs/" + id, "Idempotency-Replayed", ""}},
		{boss, "POST", "/v1/payroll/runs?period=2026-11", "1234", []string{"Content-Type", "text/csv", "Idempotency-Key", "k1"},
			func(f *front) { f.run.Status, f.new = "running", false }, 202, "StartRun manager k1 2026-11 4 0s",
			[]string{"Location", "/v1/payroll/runs/" + id, "Idempotency-Replayed", "true"}},
		{boss, "GET", "/v1/payroll/runs/" + id, "", []string{"Prefer", "wait=1"}, nil, 200, "Run " + id + " 1s", []string{"Preference-Applied", "wait=1"}},
		{boss, "GET", "/v1/payroll/runs/" + id + "/payslips", "", nil, nil, 200, "Payslips " + id + " {20 }", nil},

		{boss, "GET", "/v1/reports/sales?from=2026-11-01&to=2026-11-30", "", nil, nil, 200, "Sales 2026-11-01 2026-11-30", nil},
	} {
		placed, run, picture, isNew := f.order, f.run, f.picture, f.new
		if c.change != nil {
			c.change(f)
		}
		a := f.ask(t, c.token, c.method, c.path, c.body, c.headers...)
		what := fmt.Sprint(c.method, " ", c.path, " ", c.headers)
		if asked := f.asked(); a.StatusCode != c.status || asked != c.want {
			t.Errorf("%s: got %d %s, and asked %q; want %d and %q", what, a.StatusCode, a.body, asked, c.status, c.want)
		}
		for i := 0; i < len(c.has); i += 2 {
			if got := a.Header.Get(c.has[i]); got != c.has[i+1] {
				t.Errorf("%s: %s is %q, want %q", what, c.has[i], got, c.has[i+1])
			}
		}
		f.order, f.run, f.picture, f.new = placed, run, picture, isNew
	}
}

// What a bad request is answered; the shop hears nothing of it.
func TestRefusals(t *testing.T) {
	f := open(t)
	none, ada, boss := "", f.customer, f.manager
	key := []string{"Idempotency-Key", "k1"}
	csv := []string{"Content-Type", "text/csv", "Idempotency-Key", "k1"}
	for _, c := range []struct {
		token, method, path, body string
		headers                   []string
		status                    int
		code                      string
	}{
		{none, "GET", "/v1/products/tea", "", nil, 404, "not_found"},
		{none, "GET", "/v1/products/%00", "", nil, 404, "not_found"},
		{none, "GET", "/v1/products?limit=0", "", nil, 400, "bad_parameter"},
		{none, "GET", "/v1/products?color=red", "", nil, 400, "bad_parameter"},
		{none, "GET", "/v1/products?q=%00", "", nil, 400, "bad_parameter"},
		{boss, "PUT", "/v1/products/tea", product, nil, 422, "invalid"},
		{boss, "PUT", "/v1/products/TEA", `{"price":0}`, nil, 422, "invalid"},
		{boss, "POST", "/v1/products/%00%00%00/stock", `{"delta":1,"reason":"x"}`, nil, 404, "not_found"},
		{boss, "POST", "/v1/products/TEA/stock", `{"delta":0,"reason":"x"}`, nil, 422, "invalid"},
		{boss, "PUT", "/v1/products/%00%00%00/picture", "x", []string{"Content-Type", "image/png"}, 404, "not_found"},
		{boss, "PUT", "/v1/products/TEA/picture", "x", []string{"Content-Type", "image/gif"}, 415, "unsupported_media_type"},
		{boss, "PUT", "/v1/products/TEA/picture", strings.Repeat("x", 8<<20+1), []string{"Content-Type", "image/png"}, 413, "body_too_large"},
		{none, "POST", "/v1/accounts", `{"email":"ada","password":"short","name":""}`, nil, 422, "invalid"},

		{ada, "PUT", "/v1/cart/lines/TEA", `{}`, nil, 422, "invalid"},
		{ada, "PUT", "/v1/cart/lines/TEA", `{"quantity":100}`, nil, 422, "invalid"},
		{ada, "PUT", "/v1/cart/lines/TEA", `{"quantity":null}`, nil, 400, "bad_json"},
		{ada, "PUT", "/v1/cart/lines/tea", `{"quantity":1}`, nil, 404, "not_found"},

		{ada, "POST", "/v1/orders", tea, nil, 400, "idempotency_key_required"},
		{ada, "POST", "/v1/orders", tea, []string{"Idempotency-Key", ""}, 400, "idempotency_key_required"},
		{ada, "POST", "/v1/orders", tea, []string{"Idempotency-Key", "a b"}, 400, "bad_parameter"},
		{ada, "POST", "/v1/orders", tea, []string{"Idempotency-Key", "é"}, 400, "bad_parameter"},
		{ada, "POST", "/v1/orders", tea, []string{"Idempotency-Key", strings.Repeat("k", 129)}, 400, "bad_parameter"},
		{ada, "POST", "/v1/orders", `{"lines":[],` + address + `,"payment":{"token":"tok_visa"}}`, key, 422, "invalid"},
		{ada, "POST", "/v1/orders", `{"lines":null,` + address + `,"payment":{"token":"tok_visa"}}`, key, 400, "bad_json"},
		{ada, "POST", "/v1/orders", `{"lines":[{"sku":"TEA","quantity":1}],` + address + `,"payment":{"token":"tok_gold"}}`, key, 422, "invalid"},
		{ada, "POST", "/v1/orders", `{"lines":[{"sku":"TEA","quantity":0}],` + address + `,"payment":{"token":"tok_visa"}}`, key, 422, "invalid"},
		{ada, "GET", "/v1/orders?status=lost", "", nil, 400, "bad_parameter"},
		{ada, "GET", "/v1/orders?status=", "", nil, 400, "bad_parameter"},
		{ada, "GET", "/v1/orders/1", "", nil, 404, "not_found"},
		{ada, "GET", "/v1/orders/{" + id + "}", "", nil, 404, "not_found"},
		{ada, "GET", "/v1/orders/" + strings.ReplaceAll(id, "-", ""), "", nil, 404, "not_found"},
		{ada, "POST", "/v1/orders/1/cancel", "", nil, 404, "not_found"},
		{boss, "POST", "/v1/orders/1/ship", "", nil, 404, "not_found"},

		{boss, "PUT", "/v1/employees/GRACE", wage, nil, 422, "invalid"},
		{boss, "POST", "/v1/payroll/runs?period=2026-13", "1234", csv, 400, "bad_parameter"},
		{boss, "POST", "/v1/payroll/runs?period=2026-11", "1234", []string{"Idempotency-Key", "k1"}, 415, "unsupported_media_type"},
		{boss, "POST", "/v1/payroll/runs?period=2026-11", "1234", []string{"Content-Type", "text/csv"}, 400, "idempotency_key_required"},
		{boss, "POST", "/v1/payroll/runs?period=2026-11", strings.Repeat("x", 8<<20+1), csv, 413, "body_too_large"},
		{boss, "GET", "/v1/payroll/runs/1", "", nil, 404, "not_found"},
		{none, "GET", "/v1/pictures/1/thumb", "", nil, 404, "not_found"},
		{none, "GET", "/v1/pictures/" + id + "/huge", "", nil, 404, "not_found"},
		{none, "GET", "/v1/pictures/" + id + "/%FF", "", nil, 404, "not_found"},

		{boss, "GET", "/v1/reports/sales?from=2026-11-01", "", nil, 400, "bad_parameter"},
		{boss, "GET", "/v1/reports/sales?from=2026-11-02&to=2026-11-01", "", nil, 400, "bad_parameter"},
		{boss, "GET", "/v1/reports/sales?from=2026-11-31&to=2026-12-01", "", nil, 400, "bad_parameter"},
		{boss, "GET", "/v1/reports/sales?from=2025-11-01&to=2026-11-03", "", nil, 400, "bad_parameter"},
	} {
		a := f.ask(t, c.token, c.method, c.path, c.body, c.headers...)
		if code, asked := a.code(t), f.asked(); a.StatusCode != c.status || code != c.code || asked != "" {
			t.Errorf("%s %s %v: got %d %s, and asked %q; want %d %s", c.method, c.path, c.headers, a.StatusCode, a.body, asked, c.status, c.code)
		}
	}
}

func TestTheSameBodyIsTheSameRequest(t *testing.T) {
	f := open(t)
	prints := map[[32]byte]bool{}
	for _, body := range []string{tea, tea, tea + " "} {
		if a := f.ask(t, f.customer, "POST", "/v1/orders", body, "Idempotency-Key", "k1"); a.StatusCode != http.StatusCreated {
			t.Fatal(a.body)
		}
		prints[f.fingerprint] = true
	}
	if len(prints) != 2 {
		t.Errorf("two bodies have %d fingerprints", len(prints))
	}
}

func TestAListLeadsToItsNextPage(t *testing.T) {
	f := open(t)
	f.next = "é/1"
	a := f.ask(t, f.customer, "GET", "/v1/orders", "")
	_, next, _ := strings.Cut(a.body, `"next":"`)
	next, _, _ = strings.Cut(next, `"`)
	f.asked()
	f.next = ""
	a = f.ask(t, f.customer, "GET", "/v1/orders?cursor="+next, "")
	if asked := f.asked(); asked != "Orders customer  {20 é/1}" || strings.Contains(a.body, "next") {
		t.Errorf("%s leads to %q, and that page has %s", next, asked, a.body)
	}
}

func TestAFaultOfTheShopIsAnswered(t *testing.T) {
	f := open(t)
	f.err = fault.New(fault.Conflict, "order_shipped", "order %s is shipped", id)
	a := f.ask(t, f.customer, "POST", "/v1/orders/"+id+"/cancel", "")
	if a.StatusCode != http.StatusConflict || a.code(t) != "order_shipped" || a.Header.Get("Location") != "" {
		t.Errorf("got %d %s", a.StatusCode, a.body)
	}
}
