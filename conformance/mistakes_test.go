package conformance

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// mistakes lists what a shop may do wrong, and which case must notice.
func mistakes() []mistake {
	return slices.Concat(mistakesOfForm(), mistakesOfTrust(), mistakesWithOrders(), mistakesWithStock(), mistakesWithPictures(), mistakesWithWages())
}

func mistakesOfForm() []mistake {
	return []mistake{
		{name: "a field that nobody documented", noticed: "catalogue: adds a product, then replaces it",
			answer: edit("GET", "/v1/products/", func(p map[string]any) { p["cost"] = 1 })},
		{name: "answers without a trace", noticed: "protocol: says that it is alive, ready, and what it is", answer: drop("Trace-Id")},
		{name: "the caller's trace is not continued", noticed: "protocol: continues a trace",
			ask: func(_ *proxy, r *http.Request) { r.Header.Del("Traceparent") }},
		{name: "problems as plain JSON", noticed: "protocol: answers 404 as a problem where there is no route",
			answer: func(_ *proxy, _ *http.Request, a *reply) {
				if a.status >= 400 {
					a.header.Set("Content-Type", "application/json")
				}
			}},
		{name: "unknown fields are dropped", noticed: "protocol: refuses an unknown field, at any depth",
			ask: func(_ *proxy, r *http.Request) {
				rewrite(r, func(b []byte) []byte { return bytes.Replace(b, []byte(`,"quantty":2`), nil, 1) })
			}},
		{name: "trailing data is dropped", noticed: "protocol: refuses JSON that is not exactly one document",
			ask: func(_ *proxy, r *http.Request) {
				rewrite(r, func(b []byte) []byte {
					var first json.RawMessage
					if json.NewDecoder(bytes.NewReader(b)).Decode(&first) != nil {
						return b
					}
					return first
				})
			}},
		{name: "405 without Allow", noticed: "protocol: answers 405 with Allow for another method", answer: drop("Allow")},
		{name: "any media type is taken", noticed: "protocol: takes JSON only as application/json",
			ask: func(_ *proxy, r *http.Request) { r.Header.Set("Content-Type", "application/json") }},
		{name: "limits are ignored", noticed: "catalogue: pages through everything once", ask: unasked("limit")},
		{name: "cursors are ignored", noticed: "catalogue: pages through everything once", ask: unasked("cursor")},
		{name: "bad parameters are ignored", noticed: "protocol: refuses parameters that it cannot read", ask: unasked("limit", "cursor", "status", "unknown")},
		{name: "Prefer is not honoured", noticed: "waiting: waits for an order's final state", answer: drop("Preference-Applied")},
		{name: "an internal error with the database's words", noticed: "protocol: survives NUL and other text that a database may refuse",
			answer: restatus("/v1/products/", http.StatusBadRequest, http.StatusInternalServerError)},
	}
}

// unasked takes parameters out of every query.
func unasked(names ...string) func(*proxy, *http.Request) {
	return func(_ *proxy, r *http.Request) {
		q := r.URL.Query()
		for _, name := range names {
			q.Del(name)
		}
		r.URL.RawQuery = q.Encode()
	}
}

func mistakesOfTrust() []mistake {
	asManager := func(p *proxy, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			r.Header.Set("Authorization", "Bearer "+p.manager)
		}
	}
	return []mistake{
		{name: "every token is a manager's", noticed: "roles: listEmployees is for managers", ask: asManager},
		{name: "forged tokens are taken", noticed: "accounts: refuses tokens that it did not give", ask: asManager},
		{name: "customers may ship", noticed: "roles: shipOrder is for managers",
			ask: func(p *proxy, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/ship") {
					asManager(p, r)
				}
			}},
		{name: "a route that is open by mistake", noticed: "roles: salesReport is for managers",
			ask: func(p *proxy, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/v1/reports") {
					r.Header.Set("Authorization", "Bearer "+p.manager)
				}
			}},
		{name: "403 for another's order", noticed: "orders: does not tell that another's order exists",
			answer: restatus("/v1/orders/", http.StatusNotFound, http.StatusForbidden, "not_found", "forbidden")},
		{name: "everybody reads every order", noticed: "orders: does not tell that another's order exists",
			ask: func(p *proxy, r *http.Request) {
				if r.Method == "GET" {
					asManager(p, r)
				}
			}},
		{name: "says which address is unknown", noticed: "accounts: tells a wrong address from a wrong password to nobody",
			answer: func(_ *proxy, r *http.Request, a *reply) {
				if body, _ := io.ReadAll(r.Body); bytes.Contains(body, []byte("nobody")) && a.status == http.StatusUnauthorized {
					a.body = bytes.Replace(a.body, []byte(`"detail":"`), []byte(`"detail":"no such account: `), 1)
				}
			}},
		{name: "hashes only for known addresses", noticed: "accounts: tells a wrong address from a wrong password to nobody",
			answer: func(_ *proxy, r *http.Request, a *reply) {
				if body, _ := io.ReadAll(r.Body); !bytes.Contains(body, []byte("nobody")) && a.status == http.StatusUnauthorized {
					time.Sleep(400 * time.Millisecond) // what a slow hash takes
				}
			}},
		{name: "guessing goes on", noticed: "accounts: stops guessing after ten failures for an address",
			answer: restatus("/v1/sessions", http.StatusTooManyRequests, http.StatusUnauthorized, "too_many_attempts", "unauthenticated")},
	}
}

func mistakesWithOrders() []mistake {
	var n atomic.Int64
	var one sync.Mutex
	return []mistake{
		{name: "keys are ignored", noticed: "idempotency: answers the same order to the same key",
			ask: func(_ *proxy, r *http.Request) {
				if r.Header.Get("Idempotency-Key") != "" {
					r.Header.Set("Idempotency-Key", randomTag())
				}
			}},
		{name: "keys are looked up before, and not locked", noticed: "idempotency: makes one order of fifty requests at once",
			ask: func(_ *proxy, r *http.Request) {
				if k := r.Header.Get("Idempotency-Key"); k != "" && n.Add(1)%2 == 0 {
					r.Header.Set("Idempotency-Key", "second-"+k)
				}
			}},
		{name: "does not say that it was replayed", noticed: "idempotency: answers the same order to the same key", answer: drop("Idempotency-Replayed")},
		{name: "keys are shared by accounts", noticed: "idempotency: keeps the keys of accounts apart",
			ask: func(p *proxy, r *http.Request) {
				if r.Header.Get("Idempotency-Key") != "" {
					r.Header.Set("Authorization", "Bearer "+p.manager)
				}
			}},
		{name: "another body is answered with the first", noticed: "idempotency: refuses the key for another body",
			answer: restatus("/v1/orders", http.StatusUnprocessableEntity, http.StatusConflict, "idempotency_key_reused", "request_in_progress")},
		{name: "a penny more", noticed: "orders: computes to the penny, half to even",
			answer: edit("POST", "/v1/orders", func(o map[string]any) { o["vat"] = number(o["vat"]) + 1 })},
		{name: "shipping is free too early", noticed: "cart: shows the prices of now and the totals of an order",
			answer: edit("GET", "/v1/cart", func(c map[string]any) { c["total"], c["shipping"] = number(c["total"])-number(c["shipping"]), 0 })},
		{name: "orders show today's price", noticed: "orders: keeps the prices of the moment",
			answer: edit("GET", "/v1/orders/", func(o map[string]any) {
				o["lines"].([]any)[0].(map[string]any)["price"] = 9999
			})},
		{name: "oldest first", noticed: "orders: lists one's own, newest first, by status",
			answer: edit("GET", "/v1/orders", func(l map[string]any) {
				if items, ok := l["items"].([]any); ok {
					slices.Reverse(items)
				}
			})},
		{name: "any status is listed", noticed: "orders: lists one's own, newest first, by status", ask: unasked("status")},
		{name: "declined cards are taken", noticed: "orders: rejects what is not paid, and gives the stock back", ask: paying("tok_declined", "tok_visa")},
		{name: "a slow card holds the lock", noticed: "orders: lets a slow card hold up nobody",
			ask: func(_ *proxy, r *http.Request) {
				if r.Method == "POST" && r.URL.Path == "/v1/orders" {
					one.Lock()
				}
			},
			answer: func(_ *proxy, r *http.Request, _ *reply) {
				if r.Method == "POST" && r.URL.Path == "/v1/orders" {
					one.Unlock()
				}
			}},
		{name: "cancelling twice is a conflict", noticed: "moves: cancels a confirmed order, and gives the stock back once",
			answer: func(p *proxy, r *http.Request, a *reply) {
				if !strings.HasSuffix(r.URL.Path, "/cancel") {
					return
				}
				if slices.Contains(drain(p.seen), r.URL.Path) {
					a.status = http.StatusConflict
				}
				p.seen <- r.URL.Path
			}},
		{name: "what is shipped can be cancelled", noticed: "moves: does not cancel what is shipped",
			answer: func(_ *proxy, _ *http.Request, a *reply) {
				if a.status == http.StatusConflict {
					a.status = http.StatusOK
				}
			}},
		{name: "the cart stays after its order", noticed: "cart: is ordered, and emptied when that is confirmed",
			answer: func(p *proxy, r *http.Request, a *reply) {
				if r.Method != "POST" || r.URL.Path != "/v1/orders" {
					return
				}
				var o order
				_ = json.Unmarshal(a.body, &o) // an order, or a problem without lines
				for _, l := range o.Lines {
					_, _ = p.pass("PUT", "/v1/cart/lines/"+l.SKU, http.Header{"Authorization": r.Header["Authorization"], "Content-Type": {"application/json"}}, []byte(`{"quantity":1}`))
				}
			}},
		{name: "the report counts shipping twice", noticed: "reports: counts what was sold, and what was cancelled",
			answer: edit("GET", "/v1/reports/sales", func(r map[string]any) { r["revenue"] = number(r["revenue"]) + 395*number(r["orders"]) })},
		{name: "the report loses a penny an order", noticed: "books: has taken what confirmed orders cost, and no more",
			after:  "moves: ships a confirmed order, once",
			answer: edit("GET", "/v1/reports/sales", func(r map[string]any) { r["revenue"] = number(r["revenue"]) - number(r["orders"]) })},
		{name: "the report counts what was cancelled", noticed: "reports: counts what was sold, and what was cancelled",
			answer: edit("GET", "/v1/reports/sales", func(r map[string]any) { r["orders"] = number(r["orders"]) + number(r["cancelled"]) })},
	}
}

// number is a number that edit has read.
func number(v any) int64 {
	n, _ := v.(json.Number).Int64()
	return n
}

// drain takes everything out of a channel.
func drain(c chan string) (all []string) {
	for {
		select {
		case s := <-c:
			all = append(all, s)
		default:
			return all
		}
	}
}

// paying replaces a card in every order.
func paying(old, now string) func(*proxy, *http.Request) {
	return func(_ *proxy, r *http.Request) {
		if r.URL.Path == "/v1/orders" {
			rewrite(r, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(old), []byte(now)) })
		}
	}
}

func mistakesWithStock() []mistake {
	// moved moves stock behind the shop's back when an order has been answered.
	moved := func(suffix string, delta func(l line) int) func(*proxy, *http.Request, *reply) {
		return func(p *proxy, r *http.Request, a *reply) {
			var o order
			if r.Method != "POST" || !strings.HasSuffix(r.URL.Path, suffix) || a.status >= 300 || json.Unmarshal(a.body, &o) != nil {
				return
			}
			for _, l := range o.Lines {
				p.do("POST", "/v1/products/"+l.SKU+"/stock", movement{delta(l), "a mistake"})
			}
		}
	}
	back := func(l line) int { return l.Quantity }
	return []mistake{
		{name: "orders do not take stock", noticed: "crowds: sells 100 items to 200 buyers exactly once each", answer: moved("/v1/orders", back)},
		{name: "orders do not take stock, by the books", noticed: "books: has in stock what was put in and not sold",
			after: "moves: ships a confirmed order, once", answer: moved("/v1/orders", back)},
		{name: "cancelling gives back twice", noticed: "moves: cancels a confirmed order, and gives the stock back once", answer: moved("/cancel", back)},
		{name: "each of many cancellations gives back", noticed: "moves: cancels once when asked many times at once", answer: moved("/cancel", back)},
		{name: "cancelling gives nothing back", noticed: "moves: sells what a cancelled order gave back",
			answer: moved("/cancel", func(l line) int { return -l.Quantity })},
		{name: "rejected orders keep what there was of the others", noticed: "orders: rejects what is out of stock, all or nothing",
			answer: moved("/v1/orders", func(l line) int { return -1 })},
		{name: "stock below zero is clipped", noticed: "catalogue: moves stock, and refuses to go below zero",
			ask: func(_ *proxy, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, "/stock") {
					rewrite(r, func(b []byte) []byte { return bytes.ReplaceAll(b, []byte(`"delta":-7`), []byte(`"delta":-6`)) })
				}
			}},
	}
}
