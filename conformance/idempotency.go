package conformance

import (
	"fmt"
	"net/http"
	"strings"
)

// idempotency is section 1's promise: never two orders.
func idempotency() []scenario {
	return []scenario{
		{"idempotency", "answers the same order to the same key", sameKey},
		{"idempotency", "makes one order of fifty requests at once", fiftyAtOnce},
		{"idempotency", "refuses the key for another body", otherBody},
		{"idempotency", "makes one order of two bodies at once under a key", twoBodies},
		{"idempotency", "keeps the keys of accounts apart", otherAccount},
		{"idempotency", "needs a key of 1 to 128 visible ASCII characters", wantsKey},
		{"idempotency", "answers a rejected order again", sameRejected},
		{"idempotency", "answers the order of a cart that is empty by now", sameCart},
		{"idempotency", "answers the order as it is by now", sameAfterCancel},
	}
}

// replayed wants the same order again, and says so.
func (t *try) replayed(who *account, o newOrder, k string, id string) order {
	a := t.post(who, "/v1/orders", o, key(k), wait).want(http.StatusCreated, http.StatusAccepted)
	equal(t, a.String()+": Idempotency-Replayed", a.Header.Get("Idempotency-Replayed"), "true")
	equal(t, a.String()+": Location", a.Header.Get("Location"), "/v1/orders/"+id)
	got := decode[order](a)
	equal(t, "the order", got.ID, id)
	return got
}

func sameKey(t *try) {
	who, sku, k := t.newCustomer(), t.product(100, 5), t.unique("k")
	first := t.post(who, "/v1/orders", draft(item{sku, 1}), key(k), wait).want(http.StatusCreated, http.StatusAccepted)
	equal(t, "Idempotency-Replayed of the first", first.Header.Get("Idempotency-Replayed"), "")
	o := t.settled(who, decode[order](first))
	for range 2 {
		equal(t, "the order again", fmt.Sprint(t.replayed(who, draft(item{sku, 1}), k, o.ID)), fmt.Sprint(o))
	}
	equal(t, "the number of orders", len(all[order](t, who, "/v1/orders")), 1)
	equal(t, "stock", t.onHand(sku), 4)
}

// atOnce sends a request n times under one key and returns the orders that
// were answered. A request may be told to come again while another with its
// key is being handled.
func (t *try) atOnce(who *account, n int, k string, d func(i int) newOrder, also ...int) map[string]bool {
	ids := make([]string, n)
	t.together(n, func(i int) {
		allowed := append([]int{http.StatusCreated, http.StatusAccepted, http.StatusConflict, http.StatusServiceUnavailable}, also...)
		a := t.post(who, "/v1/orders", d(i), key(k)).want(allowed...)
		switch a.Status {
		case http.StatusCreated, http.StatusAccepted:
			ids[i] = decode[order](a).ID
		case http.StatusConflict:
			a.refused(http.StatusConflict, "request_in_progress")
		}
	})
	different := map[string]bool{}
	for _, id := range ids {
		if id != "" {
			different[id] = true
		}
	}
	return different
}

func fiftyAtOnce(t *try) {
	who, sku, k := t.newCustomer(), t.product(100, 60), t.unique("k")
	ids := t.atOnce(who, 50, k, func(int) newOrder { return draft(item{sku, 1}) })
	equal(t, "the number of orders answered", len(ids), 1)
	for id := range ids {
		t.settled(who, t.replayed(who, draft(item{sku, 1}), k, id))
	}
	equal(t, "the number of orders listed", len(all[order](t, who, "/v1/orders")), 1)
	equal(t, "stock", t.onHand(sku), 59)
}

func otherBody(t *try) {
	who, sku, k := t.newCustomer(), t.product(100, 5), t.unique("k")
	o := t.place(who, draft(item{sku, 1}), key(k))
	other := draft(item{sku, 1})
	other.ShipTo.City = "Leeds"
	for _, d := range []newOrder{draft(item{sku, 2}), other, draft(item{sku, 1}).paidBy("tok_declined"), draft(item{t.product(1, 1), 1})} {
		t.post(who, "/v1/orders", d, key(k)).refused(http.StatusUnprocessableEntity, "idempotency_key_reused")
	}
	t.replayed(who, draft(item{sku, 1}), k, o.ID)
	equal(t, "the number of orders", len(all[order](t, who, "/v1/orders")), 1)
	equal(t, "stock", t.onHand(sku), 4)
}

func twoBodies(t *try) {
	who, sku, k := t.newCustomer(), t.product(100, 50), t.unique("k")
	ids := t.atOnce(who, 10, k, func(i int) newOrder { return draft(item{sku, 1 + i%2}) }, http.StatusUnprocessableEntity)
	equal(t, "the number of orders answered", len(ids), 1)
	listed := all[order](t, who, "/v1/orders")
	equal(t, "the number of orders listed", len(listed), 1)
	o := t.settled(who, listed[0])
	equal(t, "stock", t.onHand(sku), 50-o.Lines[0].Quantity)
}

func otherAccount(t *try) {
	a, b, sku, k := t.buyer(0), t.buyer(1), t.product(100, 5), t.unique("k")
	first, second := t.place(a, draft(item{sku, 1}), key(k)), t.place(b, draft(item{sku, 1}), key(k))
	if first.ID == second.ID {
		t.errorf("two accounts with the same key share order %s", first.ID)
	}
	t.replayed(a, draft(item{sku, 1}), k, first.ID)
	t.replayed(b, draft(item{sku, 1}), k, second.ID)
	equal(t, "stock", t.onHand(sku), 3)
}

func wantsKey(t *try) {
	who, sku := t.buyer(0), t.product(100, 5)
	t.post(who, "/v1/orders", draft(item{sku, 1})).refused(http.StatusBadRequest, "idempotency_key_required")
	t.post(who, "/v1/orders", draft(item{sku, 1}), header("Idempotency-Key", "")).refused(http.StatusBadRequest, "idempotency_key_required")
	for _, k := range []string{strings.Repeat("k", 129), "two words", "schlüssel", "key\ttab", "key\u00a0"} {
		t.post(who, "/v1/orders", draft(item{sku, 1}), key(k)).refused(http.StatusBadRequest, "bad_parameter")
	}
	equal(t, "stock after what was refused", t.onHand(sku), 5)
	long := (t.unique("k") + strings.Repeat("~!", 64))[:128]
	t.replayed(who, draft(item{sku, 1}), long, t.place(who, draft(item{sku, 1}), key(long)).ID)
	equal(t, "stock", t.onHand(sku), 4)
}

func sameRejected(t *try) {
	who, sku, k := t.buyer(0), t.product(100, 1), t.unique("k")
	o := t.place(who, draft(item{sku, 2}), key(k))
	t.stock(sku, 5) // would be enough by now
	again := t.replayed(who, draft(item{sku, 2}), k, o.ID)
	equal(t, "the order again", fmt.Sprint(again), fmt.Sprint(o))
	equal(t, "stock", t.onHand(sku), 6)
}

func sameCart(t *try) {
	who, sku, k := t.emptied(0), t.product(100, 5), t.unique("k")
	t.fill(who, sku, 2)
	o := t.place(who, draft(), key(k))
	t.eventually("the cart is empty", func() bool { return len(t.cartOf(who).Lines) == 0 })
	t.replayed(who, draft(), k, o.ID)
	t.fill(who, sku, 1)
	t.replayed(who, draft(), k, o.ID)
	equal(t, "the cart after asking again", inCart(t.cartOf(who)), sku+"×1 ")
	equal(t, "stock", t.onHand(sku), 3)
	t.emptied(0)
}

func sameAfterCancel(t *try) {
	who, sku, k := t.buyer(0), t.product(100, 5), t.unique("k")
	o := t.place(who, draft(item{sku, 1}), key(k))
	t.cancel(who, o.ID)
	equal(t, "the status, asked with the key", t.replayed(who, draft(item{sku, 1}), k, o.ID).Status, "cancelled")
	t.eventually("stock is back", func() bool { return t.onHand(sku) == 5 })
}
