package conformance

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// cart is section 4.
func cart() []scenario {
	return []scenario{
		{"cart", "is empty at first, and costs nothing", emptyCart},
		{"cart", "keeps lines in the order of first adding", cartOrder},
		{"cart", "shows the prices of now and the totals of an order", cartPrices},
		{"cart", "takes quantities from 0 to 99", cartQuantities},
		{"cart", "knows no line for what is not for sale", cartUnknown},
		{"cart", "has room for 50 products", cartRoom},
		{"cart", "is one per account", cartPerAccount},
		{"cart", "is ordered, and emptied when that is confirmed", orderCart},
		{"cart", "stays when its order is rejected, or when lines are given", cartStays},
		{"cart", "cannot be ordered while it is empty", orderEmptyCart},
		{"cart", "keeps every change of many at once", cartAtOnce},
	}
}

// emptied returns a customer whose cart is empty.
func (t *try) emptied(i int) *account {
	who := t.buyer(i)
	t.ask(who, "DELETE", "/v1/cart", nil).want(http.StatusNoContent)
	return who
}

// fill sets a line of the cart and returns the cart.
func (t *try) fill(who *account, sku string, quantity int) cartJSON {
	return decode[cartJSON](t.put(who, "/v1/cart/lines/"+sku, map[string]int{"quantity": quantity}).want(http.StatusOK))
}

func (t *try) cartOf(who *account) cartJSON {
	return decode[cartJSON](t.get(who, "/v1/cart").want(http.StatusOK))
}

// inCart writes a cart as "sku×quantity sku×quantity".
func inCart(c cartJSON) string {
	var s strings.Builder
	for _, l := range c.Lines {
		fmt.Fprintf(&s, "%s×%d ", l.SKU, l.Quantity)
	}
	return s.String()
}

func emptyCart(t *try) {
	who := t.newCustomer()
	c := t.cartOf(who)
	equal(t, "the number of lines", len(c.Lines), 0)
	equal(t, "the totals", c.totals, totals{})
	t.fill(who, t.product(100, 0), 3)
	for range 2 {
		t.ask(who, "DELETE", "/v1/cart", nil).want(http.StatusNoContent)
		equal(t, "the totals after emptying", t.cartOf(who).totals, totals{})
	}
}

func cartOrder(t *try) {
	who := t.emptied(0)
	a, b, c := t.product(100, 0), t.product(200, 0), t.product(300, 0)
	t.fill(who, c, 1)
	t.fill(who, a, 2)
	t.fill(who, b, 3)
	equal(t, "the cart", inCart(t.fill(who, c, 9)), fmt.Sprintf("%s×9 %s×2 %s×3 ", c, a, b))
	equal(t, "the cart without its second", inCart(t.fill(who, a, 0)), fmt.Sprintf("%s×9 %s×3 ", c, b))
	equal(t, "the cart with that again", inCart(t.fill(who, a, 1)), fmt.Sprintf("%s×9 %s×3 %s×1 ", c, b, a))
	equal(t, "the cart, read", inCart(t.cartOf(who)), fmt.Sprintf("%s×9 %s×3 %s×1 ", c, b, a))
	equal(t, "the cart after taking out what is not in it", inCart(t.fill(who, t.product(1, 0), 0)), fmt.Sprintf("%s×9 %s×3 %s×1 ", c, b, a))
}

func cartPrices(t *try) {
	who, sku := t.emptied(0), t.product(1000, 0)
	c := t.fill(who, sku, 10)
	// 10 × 1000 = 10000, less a tenth 9000, which ships free; 9000 / 6 is VAT.
	equal(t, "the totals", c.totals, totals{10000, 1000, 0, 9000, 1500})
	t.priced(sku, 100).want(http.StatusOK)
	c = t.cartOf(who)
	// 10 × 100 = 1000, less a tenth 900, and 395 to ship; 1295 / 6 = 215.83.
	equal(t, "the totals at the new price", c.totals, totals{1000, 100, 395, 1295, 216})
	equal(t, "the line at the new price", c.Lines[0], line{sku, "Thing " + sku, 10, 100, 900})
}

func cartQuantities(t *try) {
	who, sku := t.emptied(0), t.product(100, 0)
	for _, n := range []int{-1, 100, 1 << 40} {
		t.put(who, "/v1/cart/lines/"+sku, map[string]int{"quantity": n}).invalid("/quantity")
	}
	t.put(who, "/v1/cart/lines/"+sku, map[string]int{}).invalid("/quantity")
	equal(t, "the cart after what was refused", len(t.cartOf(who).Lines), 0)
	for _, n := range []int{1, 99, 0} {
		t.fill(who, sku, n)
	}
	equal(t, "the cart after 0", len(t.cartOf(who).Lines), 0)
}

func cartUnknown(t *try) {
	who := t.emptied(0)
	for _, sku := range []string{t.newSKU(), "lower-case", "A"} {
		t.put(who, "/v1/cart/lines/"+sku, map[string]int{"quantity": 1}).refused(http.StatusNotFound, "not_found")
	}
	equal(t, "the cart", len(t.cartOf(who).Lines), 0)
}

func cartRoom(t *try) {
	who := t.emptied(0)
	_, skus := t.shelf(51)
	for _, sku := range skus[:50] {
		t.fill(who, sku, 1)
	}
	t.put(who, "/v1/cart/lines/"+skus[50], map[string]int{"quantity": 1}).invalid()
	equal(t, "the number of lines", len(t.fill(who, skus[0], 2).Lines), 50)
	t.emptied(0)
}

func cartPerAccount(t *try) {
	a, b, sku := t.emptied(0), t.emptied(1), t.product(100, 0)
	t.fill(a, sku, 2)
	equal(t, "somebody else's cart", len(t.cartOf(b).Lines), 0)
	t.emptied(1)
	equal(t, "the cart", inCart(t.cartOf(a)), sku+"×2 ")
}

func orderCart(t *try) {
	who := t.emptied(0)
	a, b := t.product(250, 5), t.product(120, 20)
	t.fill(who, b, 10)
	want := t.fill(who, a, 2)
	o := t.place(who, draft(), key(t.unique("k")))
	equal(t, "the order", o.Status, "confirmed")
	equal(t, "its lines", fmt.Sprint(o.Lines), fmt.Sprint(want.Lines))
	equal(t, "its totals", o.totals, want.totals)
	t.eventually("the cart is empty after its order is confirmed", func() bool { return len(t.cartOf(who).Lines) == 0 })
}

func cartStays(t *try) {
	who, sku := t.emptied(0), t.product(100, 1)
	t.fill(who, sku, 2)
	o := t.place(who, draft(), key(t.unique("k")))
	equal(t, "an order of more than there is", o.Status, "rejected")
	declined := draft()
	declined.Payment.Token = "tok_declined"
	t.fill(who, sku, 1)
	equal(t, "an order that is not paid", t.place(who, declined, key(t.unique("k"))).Status, "rejected")
	equal(t, "an order by lines", t.place(who, draft(item{sku, 1}), key(t.unique("k"))).Status, "confirmed")
	equal(t, "the cart", inCart(t.cartOf(who)), sku+"×1 ")
	t.emptied(0)
}

func orderEmptyCart(t *try) {
	t.post(t.emptied(0), "/v1/orders", draft(), key(t.unique("k"))).invalid("/lines")
}

func cartAtOnce(t *try) {
	who := t.emptied(0)
	_, skus := t.shelf(12)
	t.together(len(skus), func(i int) {
		t.put(who, "/v1/cart/lines/"+skus[i], map[string]int{"quantity": i + 1}).want(http.StatusOK)
	})
	got := map[string]int{}
	for _, l := range t.cartOf(who).Lines {
		got[l.SKU] = l.Quantity
	}
	for i, sku := range skus {
		equal(t, "the quantity of line "+strconv.Itoa(i), got[sku], i+1)
	}
	t.emptied(0)
}
