package conformance

import (
	"net/http"
	"time"
)

// waiting is Prefer: wait=N (RFC 7240).
func waiting() []scenario {
	return []scenario{
		{"waiting", "waits for an order's final state", waitOrder},
		{"waiting", "answers at once what is final already", waitNothing},
		{"waiting", "ignores preferences that it does not know", waitNonsense},
		{"waiting", "waits 30 seconds at most", waitTooLong},
	}
}

func waitOrder(t *try) {
	who, sku := t.buyer(0), t.product(100, 3)
	a := t.post(who, "/v1/orders", draft(item{sku, 1}).paidBy("tok_slow"), key(t.unique("k")), header("Prefer", "wait=20")).want(http.StatusCreated)
	equal(t, "Preference-Applied", a.Header.Get("Preference-Applied"), "wait=20")
	o := decode[order](a)
	equal(t, "the status after waiting", o.Status, "confirmed")
	got := t.get(who, "/v1/orders/"+o.ID, header("Prefer", "respond-async, wait=7")).want(http.StatusOK)
	equal(t, "Preference-Applied", got.Header.Get("Preference-Applied"), "wait=7")
}

func waitNothing(t *try) {
	who, sku := t.buyer(0), t.product(100, 3)
	o := t.buy(who, sku, 1)
	for _, path := range []string{"/v1/orders/" + o.ID, "/v1/products/" + sku} {
		a := t.get(who, path, header("Prefer", "wait=10")).want(http.StatusOK)
		equal(t, "Preference-Applied", a.Header.Get("Preference-Applied"), "wait=10")
		if a.Took > 3*time.Second {
			t.errorf("%s: took %v, and there was nothing to wait for", a, a.Took)
		}
	}
	a := t.get(who, "/v1/orders/"+o.ID).want(http.StatusOK)
	equal(t, "Preference-Applied without Prefer", a.Header.Get("Preference-Applied"), "")
}

func waitNonsense(t *try) {
	who, sku := t.buyer(0), t.product(100, 3)
	o := t.buy(who, sku, 1)
	for _, value := range []string{"", "wait", "wait=", "wait=soon", "wait=-1", "wait=1.5", "return=minimal", ";;,"} {
		a := t.get(who, "/v1/orders/"+o.ID, header("Prefer", value)).want(http.StatusOK)
		equal(t, "Preference-Applied for "+value, a.Header.Get("Preference-Applied"), "")
	}
}

// waitTooLong asks for a minute. That no more than 30 s are promised, the
// pattern of Preference-Applied in openapi.yaml says.
func waitTooLong(t *try) {
	o := t.buy(t.buyer(0), t.product(100, 1), 1)
	t.get(t.buyer(0), "/v1/orders/"+o.ID, header("Prefer", "wait=60")).want(http.StatusOK)
}
