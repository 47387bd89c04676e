package conformance

import (
	"fmt"
	"net/http"
	"slices"
)

// moves is section 5, as far as what can become of an order goes.
func moves() []scenario {
	return []scenario{
		{"moves", "cancels a confirmed order, and gives the stock back once", cancelOrder},
		{"moves", "cancels once when asked many times at once", cancelAtOnce},
		{"moves", "ships a confirmed order, once", shipOrder},
		{"moves", "ships once when asked many times at once", shipAtOnce},
		{"moves", "does not cancel what is shipped", cancelShipped},
		{"moves", "does not ship what is cancelled", shipCancelled},
		{"moves", "neither cancels nor ships what is rejected", moveRejected},
		{"moves", "neither cancels nor ships what is pending", movePending},
		{"moves", "lets one of cancelling and shipping win", cancelOrShip},
		{"moves", "sells what a cancelled order gave back", sellAgain},
		{"moves", "answers 404 for an order that there is not", moveNothing},
	}
}

// cancel cancels an order and waits until it is.
func (t *try) cancel(who *account, id string) order {
	a := t.post(who, "/v1/orders/"+id+"/cancel", nil).want(http.StatusOK, http.StatusAccepted)
	o := t.settled(who, decode[order](a))
	equal(t, "the status of "+id, o.Status, "cancelled")
	return o
}

// ship ships an order.
func (t *try) ship(id string) order {
	o := decode[order](t.post(t.manager, "/v1/orders/"+id+"/ship", nil).want(http.StatusOK))
	t.checkOrder(o)
	return o
}

// times counts how often an order came into a state.
func times(o order, status string) int {
	n := 0
	for _, h := range o.History {
		if h.Status == status {
			n++
		}
	}
	return n
}

func cancelOrder(t *try) {
	who, sku, other := t.buyer(0), t.product(100, 10), t.product(200, 10)
	o := t.place(who, draft(item{sku, 4}, item{other, 1}), key(t.unique("k")))
	equal(t, "stock while it is confirmed", t.onHand(sku), 6)
	c := t.cancel(who, o.ID)
	equal(t, "what it cost", c.totals, o.totals)
	equal(t, "settled_at", c.SettledAt, o.SettledAt)
	t.eventually("all the stock is back", func() bool { return t.onHand(sku) == 10 && t.onHand(other) == 10 })
	again := t.cancel(who, o.ID)
	equal(t, "the order, cancelled again", fmt.Sprint(again), fmt.Sprint(c))
	equal(t, "stock after cancelling again", t.onHand(sku), 10)
	equal(t, "how often it was cancelled", times(t.orderOf(who, o.ID), "cancelled"), 1)
}

func cancelAtOnce(t *try) {
	who, sku := t.buyer(0), t.product(100, 5)
	o := t.buy(who, sku, 3)
	t.together(20, func(int) { t.cancel(who, o.ID) })
	t.eventually("stock is back", func() bool { return t.onHand(sku) == 5 })
	equal(t, "how often it was cancelled", times(t.orderOf(who, o.ID), "cancelled"), 1)
}

func shipOrder(t *try) {
	who, sku := t.buyer(0), t.product(100, 5)
	o := t.buy(who, sku, 1)
	s := t.ship(o.ID)
	equal(t, "status", s.Status, "shipped")
	equal(t, "the order, shipped again", fmt.Sprint(t.ship(o.ID)), fmt.Sprint(s))
	equal(t, "the order, read", fmt.Sprint(t.orderOf(who, o.ID)), fmt.Sprint(s))
	equal(t, "stock", t.onHand(sku), 4)
	t.post(who, "/v1/orders/"+o.ID+"/ship", nil).refused(http.StatusForbidden, "forbidden")
}

func shipAtOnce(t *try) {
	who := t.buyer(0)
	o := t.buy(who, t.product(100, 1), 1)
	t.together(10, func(int) { t.ship(o.ID) })
	equal(t, "how often it was shipped", times(t.orderOf(who, o.ID), "shipped"), 1)
}

func cancelShipped(t *try) {
	who, sku := t.buyer(0), t.product(100, 5)
	o := t.buy(who, sku, 2)
	t.ship(o.ID)
	t.post(who, "/v1/orders/"+o.ID+"/cancel", nil).refused(http.StatusConflict, "order_shipped")
	equal(t, "status", t.orderOf(who, o.ID).Status, "shipped")
	equal(t, "stock", t.onHand(sku), 3)
}

func shipCancelled(t *try) {
	who, sku := t.buyer(0), t.product(100, 5)
	o := t.buy(who, sku, 2)
	t.cancel(who, o.ID)
	t.post(t.manager, "/v1/orders/"+o.ID+"/ship", nil).refused(http.StatusConflict, "order_rejected")
	equal(t, "status", t.orderOf(who, o.ID).Status, "cancelled")
	equal(t, "stock", t.onHand(sku), 5)
}

func moveRejected(t *try) {
	who, sku := t.buyer(0), t.product(100, 5)
	for _, d := range []newOrder{draft(item{sku, 6}), draft(item{sku, 1}).paidBy("tok_declined")} {
		o := t.place(who, d, key(t.unique("k")))
		t.post(who, "/v1/orders/"+o.ID+"/cancel", nil).refused(http.StatusConflict, "order_rejected")
		t.post(t.manager, "/v1/orders/"+o.ID+"/ship", nil).refused(http.StatusConflict, "order_rejected")
		equal(t, "the order afterwards", fmt.Sprint(t.orderOf(who, o.ID)), fmt.Sprint(o))
	}
	equal(t, "stock", t.onHand(sku), 5)
}

// movePending pays by a card that takes two seconds, and looks for the order
// meanwhile. A shop that stores an order only when it is final has no pending
// one to show; then there is nothing to be refused.
func movePending(t *try) {
	who, sku := t.newCustomer(), t.product(100, 5)
	t.together(2, func(i int) {
		if i == 0 {
			o := t.place(who, draft(item{sku, 1}).paidBy("tok_slow"), key(t.unique("k")))
			equal(t, "the order afterwards", o.Status, "confirmed")
			return
		}
		for t.onHand(sku) == 5 {
			page := decode[list[order]](t.get(who, "/v1/orders?status=pending").want(http.StatusOK))
			for _, o := range page.Items {
				t.refusedWhilePending(who, o)
				return
			}
			if len(all[order](t, who, "/v1/orders?status=confirmed")) > 0 {
				break
			}
		}
		t.notef("no pending order could be seen from outside")
	})
}

// refusedWhilePending allows for the order to be settled between two requests.
func (t *try) refusedWhilePending(who *account, o order) {
	a := t.post(t.manager, "/v1/orders/"+o.ID+"/ship", nil)
	if t.orderOf(who, o.ID).Status == "pending" {
		a.refused(http.StatusConflict, "order_pending")
	}
	a = t.post(who, "/v1/orders/"+o.ID+"/cancel", nil)
	if t.orderOf(who, o.ID).Status == "pending" {
		a.refused(http.StatusConflict, "order_pending")
	}
}

func cancelOrShip(t *try) {
	sku := t.product(100, 12)
	shipped, ids := 0, make([]string, 12)
	for i := range ids {
		ids[i] = t.buy(t.buyer(0), sku, 1).ID
	}
	for _, id := range ids {
		statuses := make([]int, 2)
		t.together(2, func(i int) {
			if i == 0 {
				statuses[i] = t.post(t.buyer(0), "/v1/orders/"+id+"/cancel", nil).want(http.StatusOK, http.StatusAccepted, http.StatusConflict).Status
				return
			}
			statuses[i] = t.post(t.manager, "/v1/orders/"+id+"/ship", nil).want(http.StatusOK, http.StatusConflict).Status
		})
		o := t.settled(t.buyer(0), t.orderOf(t.buyer(0), id))
		won := slices.Index([]string{"cancelled", "shipped"}, o.Status)
		if won < 0 || statuses[won] == http.StatusConflict || statuses[1-won] != http.StatusConflict {
			t.errorf("order %s is %s, and cancelling and shipping were answered %d", id, o.Status, statuses)
		}
		if won == 1 {
			shipped++
		}
	}
	t.eventually("the stock of the cancelled ones is back", func() bool { return t.onHand(sku) == 12-shipped })
}

func sellAgain(t *try) {
	who, sku := t.buyer(0), t.product(100, 1)
	for range 3 {
		o := t.buy(who, sku, 1)
		t.cancel(who, o.ID)
		t.eventually("stock is back", func() bool { return t.onHand(sku) == 1 })
	}
	t.buy(t.buyer(1), sku, 1)
}

func moveNothing(t *try) {
	const never = "/v1/orders/0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5e"
	t.post(t.buyer(0), never+"/cancel", nil).refused(http.StatusNotFound, "not_found")
	t.post(t.manager, never+"/cancel", nil).refused(http.StatusNotFound, "not_found")
	t.post(t.manager, never+"/ship", nil).refused(http.StatusNotFound, "not_found")
	t.get(t.manager, never).refused(http.StatusNotFound, "not_found")
}
