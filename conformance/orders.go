package conformance

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// orders is section 5, as far as placing and reading them goes.
func orders() []scenario {
	return []scenario{
		{"orders", "confirms an order, and shows it as it was placed", confirmOrder},
		{"orders", "computes to the penny, half to even", computeOrders},
		{"orders", "keeps lines in the order given, up to 50", manyLines},
		{"orders", "keeps the prices of the moment", keepsPrices},
		{"orders", "rejects what is out of stock, all or nothing", outOfStock},
		{"orders", "rejects what is not paid, and gives the stock back", declined},
		{"orders", "lets a slow card hold up nobody", slowCard},
		{"orders", "says what is wrong with an order, all of it", wrongOrders},
		{"orders", "knows no order of unknown products", unknownProducts},
		{"orders", "lists one's own, newest first, by status", listOwn},
		{"orders", "pages through orders while others are placed", pageOrders},
		{"orders", "shows a manager everybody's", managerSees},
		{"orders", "does not tell that another's order exists", othersOrders},
	}
}

// draft is an order of those items, or of the cart, that can be confirmed.
func draft(items ...item) newOrder {
	return newOrder{items, address{Name: "Ada Lovelace", Line1: "12 St James's Square", City: "London", Postcode: "SW1Y 4JH", Country: "GB"}, card{"tok_visa"}}
}

// paidBy is that order with another card.
func (o newOrder) paidBy(token string) newOrder {
	o.Payment.Token = token
	return o
}

// place places an order and returns what became of it. As a client should, it
// comes again with the same key when the shop is overloaded.
func (t *try) place(who *account, o newOrder, opts ...option) order {
	opts = append(opts, wait)
	for range 50 {
		a := t.post(who, "/v1/orders", o, opts...).want(http.StatusCreated, http.StatusAccepted, http.StatusServiceUnavailable)
		if a.Status != http.StatusServiceUnavailable {
			return t.settled(who, decode[order](a))
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.fatalf("overloaded fifty times in a row")
	return order{}
}

// settled asks for an order until it is final, and checks it against the rules.
func (t *try) settled(who *account, o order) order {
	t.eventually("order "+o.ID+" is settled", func() bool {
		if o.Status != "pending" && o.Status != "cancelling" {
			return true
		}
		o = decode[order](t.get(who, "/v1/orders/"+o.ID, wait).want(http.StatusOK))
		return false
	})
	t.checkOrder(o)
	return o
}

// buy places an order of one product and wants it confirmed.
func (t *try) buy(who *account, sku string, quantity int) order {
	o := t.place(who, draft(item{sku, quantity}), key(t.unique("k")))
	if o.Status != "confirmed" {
		t.fatalf("order %s of %d %s is %s: %v", o.ID, quantity, sku, o.Status, o.Reason)
	}
	return o
}

func (t *try) orderOf(who *account, id string) order {
	return decode[order](t.get(who, "/v1/orders/"+id).want(http.StatusOK))
}

// checkOrder does the sums of section 5 again, and follows the history.
func (t *try) checkOrder(o order) {
	var want totals
	for _, l := range o.Lines {
		full := l.Price * l.Quantity
		equal(t, "the total of "+l.SKU, l.Total, lineTotal(l.Price, l.Quantity))
		want.Subtotal += full
		want.Discount += full - l.Total
	}
	if want.Subtotal-want.Discount < 5000 {
		want.Shipping = 395
	}
	want.Total = want.Subtotal - want.Discount + want.Shipping
	want.VAT = halfEven(want.Total*20, 120)
	equal(t, "the totals of order "+o.ID, o.totals, want)
	equal(t, "the last status in the history of "+o.ID, o.History[len(o.History)-1].Status, o.Status)
	last := o.PlacedAt
	for i, h := range o.History {
		if instant(t, h.At).Before(instant(t, last)) {
			t.errorf("order %s: the history goes back in time: %v", o.ID, o.History)
		}
		last = h.At
		if i > 0 && !slices.Contains(moveable[o.History[i-1].Status], h.Status) {
			t.errorf("order %s went from %s to %s", o.ID, o.History[i-1].Status, h.Status)
		}
	}
}

// moveable are the moves that section 5 allows.
var moveable = map[string][]string{
	"pending":    {"confirmed", "rejected"},
	"confirmed":  {"shipped", "cancelling", "cancelled"},
	"cancelling": {"cancelled"},
}

// halfEven divides and rounds half to even.
func halfEven(a, b int) int {
	q, r := a/b, a%b
	if 2*r > b || 2*r == b && q%2 == 1 {
		q++
	}
	return q
}

func lineTotal(price, quantity int) int {
	if quantity < 10 {
		return price * quantity
	}
	return halfEven(price*quantity*9, 10)
}

func instant(t *try, s string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, s)
	t.must(err)
	return at
}

func confirmOrder(t *try) {
	who, sku := t.buyer(0), t.product(1999, 5)
	d := draft(item{sku, 2})
	d.ShipTo.Line2 = "Second floor"
	a := t.post(who, "/v1/orders", d, key(t.unique("k")), wait).want(http.StatusCreated, http.StatusAccepted)
	o := t.settled(who, decode[order](a))
	equal(t, "Location", a.Header.Get("Location"), "/v1/orders/"+o.ID)
	equal(t, "status", o.Status, "confirmed")
	equal(t, "the lines", fmt.Sprint(o.Lines), fmt.Sprint([]line{{sku, "Thing " + sku, 2, 1999, 3998}}))
	equal(t, "the totals", o.totals, totals{3998, 0, 395, 4393, 732}) // 4393 / 6 = 732.17
	equal(t, "the address", o.ShipTo, d.ShipTo)
	equal(t, "the order, read", fmt.Sprint(t.orderOf(who, o.ID)), fmt.Sprint(o))
	equal(t, "stock", t.onHand(sku), 3)
}

// computeOrders has its figures worked out by hand.
func computeOrders(t *try) {
	for _, c := range []struct {
		price, quantity int
		want            totals
	}{
		{4, 1, totals{4, 0, 395, 399, 66}},                       // 399 / 6 = 66.5: to the even 66
		{10, 1, totals{10, 0, 395, 405, 68}},                     // 405 / 6 = 67.5: to the even 68
		{5, 9, totals{45, 0, 395, 440, 73}},                      // no reduction below 10; 73.33
		{5, 10, totals{50, 5, 395, 440, 73}},                     // 45 after a tenth
		{5, 11, totals{55, 5, 395, 445, 74}},                     // 49.5: to the even 50; 74.17
		{5, 13, totals{65, 7, 395, 453, 76}},                     // 58.5: to the even 58; 453 / 6 = 75.5: to the even 76
		{4999, 1, totals{4999, 0, 395, 5394, 899}},               // a penny short of free shipping
		{5000, 1, totals{5000, 0, 0, 5000, 833}},                 // 833.33
		{500, 10, totals{5000, 500, 395, 4895, 816}},             // the reduction counts: 4500 is below 5000; 815.83
		{556, 10, totals{5560, 556, 0, 5004, 834}},               // 5004 after it
		{12345, 99, totals{1222155, 122215, 0, 1099940, 183323}}, // 1099939.5: to the even 1099940; 183323.33
	} {
		o := t.buy(t.buyer(0), t.product(c.price, c.quantity), c.quantity)
		equal(t, fmt.Sprintf("%d × %d", c.quantity, c.price), o.totals, c.want)
	}
}

func manyLines(t *try) {
	var items []item
	for i := range 50 {
		sku := t.product(100+i, 2)
		items = append(items, item{sku, 1 + i%2})
	}
	slices.Reverse(items)
	o := t.place(t.buyer(0), draft(items...), key(t.unique("k")))
	equal(t, "status", o.Status, "confirmed")
	for i, l := range o.Lines {
		equal(t, fmt.Sprintf("line %d", i), item{l.SKU, l.Quantity}, items[i])
	}
	equal(t, "the number of lines", len(o.Lines), 50)
}

func keepsPrices(t *try) {
	who, sku := t.buyer(0), t.product(1000, 5)
	o := t.buy(who, sku, 1)
	t.put(t.manager, "/v1/products/"+sku, details{"Renamed", "", t.category(), 9999}).want(http.StatusOK)
	equal(t, "the order after its product changed", fmt.Sprint(t.orderOf(who, o.ID)), fmt.Sprint(o))
	equal(t, "the price of the next order", t.buy(who, sku, 1).Lines[0].Price, 9999)
}

func outOfStock(t *try) {
	who, plenty, scarce := t.buyer(0), t.product(100, 10), t.product(200, 3)
	o := t.place(who, draft(item{plenty, 2}, item{scarce, 4}), key(t.unique("k")))
	equal(t, "status", o.Status, "rejected")
	equal(t, "the reason", o.Reason.Code, "out_of_stock")
	equal(t, "the product that was out", o.Reason.SKU, scarce)
	equal(t, "stock of the one there was enough of", t.onHand(plenty), 10)
	equal(t, "stock of the scarce one", t.onHand(scarce), 3)
	equal(t, "the order, read", fmt.Sprint(t.orderOf(who, o.ID)), fmt.Sprint(o))
	t.buy(who, scarce, 3)
	equal(t, "an order of what there is none of", t.place(who, draft(item{scarce, 1}), key(t.unique("k"))).Status, "rejected")
}

func declined(t *try) {
	who, sku := t.buyer(0), t.product(100, 1)
	for _, token := range []string{"tok_declined", "tok_insufficient_funds"} {
		o := t.place(who, draft(item{sku, 1}).paidBy(token), key(t.unique("k")))
		equal(t, "the status with "+token, o.Status, "rejected")
		equal(t, "the reason", o.Reason.Code, "payment_declined")
		t.eventually("stock is back", func() bool { return t.onHand(sku) == 1 })
	}
	t.buy(who, sku, 1)
}

// slowCard has one buyer whose card takes two seconds, and others who want the
// same product meanwhile.
func slowCard(t *try) {
	sku := t.product(100, 50)
	slow, quick := t.buyer(0), t.buyer(1)
	var ended time.Time
	began := time.Now()
	var last time.Time
	t.together(2, func(i int) {
		if i == 0 {
			o := t.place(slow, draft(item{sku, 1}).paidBy("tok_slow"), key(t.unique("k")))
			equal(t, "the slow order", o.Status, "confirmed")
			ended = time.Now()
			return
		}
		time.Sleep(300 * time.Millisecond) // until the slow one is being authorised
		for range 3 {
			t.buy(quick, sku, 1)
		}
		last = time.Now()
	})
	if d := ended.Sub(began); d < 1900*time.Millisecond {
		t.errorf("the slow card took %v, want 2 s", d)
	}
	if !last.Before(ended) {
		t.errorf("the others waited for the slow card: they were done %v after it", last.Sub(ended))
	}
	equal(t, "stock", t.onHand(sku), 46)
}

func wrongOrders(t *try) {
	who, sku := t.buyer(0), t.product(100, 100)
	post := func(change func(*newOrder)) *answer {
		o := draft(item{sku, 1})
		change(&o)
		return t.post(who, "/v1/orders", o, key(t.unique("k")))
	}
	long := func(n int) string { return strings.Repeat("x", n) }
	post(func(o *newOrder) { o.Lines[0].Quantity = 0 }).invalid("/lines/0/quantity")
	post(func(o *newOrder) { o.Lines[0].Quantity = 100 }).invalid("/lines/0/quantity")
	post(func(o *newOrder) { o.Lines[0].Quantity = -5 }).invalid("/lines/0/quantity")
	post(func(o *newOrder) { o.Lines = append(o.Lines, item{sku, 2}) }).invalid("/lines/1/sku")
	post(func(o *newOrder) { o.Lines[0].SKU = "lower" }).invalid("/lines/0/sku")
	post(func(o *newOrder) { o.Payment.Token = "tok_other" }).invalid("/payment/token")
	post(func(o *newOrder) { o.Payment.Token = "" }).invalid("/payment/token")
	post(func(o *newOrder) { o.ShipTo = address{} }).
		invalid("/ship_to/name", "/ship_to/line1", "/ship_to/city", "/ship_to/postcode", "/ship_to/country")
	post(func(o *newOrder) { o.ShipTo.Country = "Britain" }).invalid("/ship_to/country")
	post(func(o *newOrder) { o.ShipTo.Line2, o.ShipTo.Name = long(201), long(101) }).invalid("/ship_to/line2", "/ship_to/name")
	post(func(o *newOrder) { o.Lines[0].Quantity, o.ShipTo.City = 0, "" }).invalid("/lines/0/quantity", "/ship_to/city")
	post(func(o *newOrder) {
		for i := range 50 {
			o.Lines = append(o.Lines, item{fmt.Sprintf("%s-%d", sku, i), 1})
		}
	}).invalid("/lines")
	t.post(who, "/v1/orders", []byte(`{"lines":[],"ship_to":{"name":"n","line1":"l","city":"c","postcode":"p","country":"GB"},"payment":{"token":"tok_visa"}}`), key(t.unique("k"))).invalid("/lines")
	equal(t, "stock after orders that were refused", t.onHand(sku), 100)
}

func unknownProducts(t *try) {
	who, sku := t.newCustomer(), t.product(100, 5)
	t.post(who, "/v1/orders", draft(item{sku, 1}, item{t.newSKU(), 1}), key(t.unique("k"))).
		refused(http.StatusUnprocessableEntity, "unknown_product")
	equal(t, "stock", t.onHand(sku), 5)
	equal(t, "the number of orders", len(all[order](t, who, "/v1/orders")), 0)
}

func listOwn(t *try) {
	who, sku := t.newCustomer(), t.product(100, 3)
	first := t.buy(who, sku, 1)
	second := t.place(who, draft(item{sku, 9}), key(t.unique("k")))
	third := t.buy(who, sku, 1)
	t.get(who, "/v1/orders?status=shipped").want(http.StatusOK)
	for path, want := range map[string][]order{
		"/v1/orders":                  {third, second, first},
		"/v1/orders?status=confirmed": {third, first},
		"/v1/orders?status=rejected":  {second},
		"/v1/orders?status=cancelled": nil,
	} {
		got := all[order](t, who, path)
		equal(t, path, fmt.Sprint(got), fmt.Sprint(want))
	}
}

func pageOrders(t *try) {
	who, sku := t.newCustomer(), t.product(100, 10)
	var ids []string
	for range 5 {
		ids = append(ids, t.buy(who, sku, 1).ID)
	}
	slices.Reverse(ids)
	const path = "/v1/orders?limit=2"
	var got []string
	next := ""
	for range 3 {
		page := decode[list[order]](t.get(who, path+next).want(http.StatusOK))
		for _, o := range page.Items {
			got = append(got, o.ID)
		}
		next = more(path, page.Next)
		t.buy(who, sku, 1) // goes before the first page, which has been read
	}
	if !slices.Equal(got, ids) {
		t.errorf("three pages with orders placed in between give %q, want %q", got, ids)
	}
}

func managerSees(t *try) {
	o := t.buy(t.buyer(0), t.product(100, 1), 1)
	equal(t, "the order, read by the manager", fmt.Sprint(t.orderOf(t.manager, o.ID)), fmt.Sprint(o))
	page := decode[list[order]](t.get(t.manager, "/v1/orders?status=confirmed&limit=100").want(http.StatusOK))
	if !slices.ContainsFunc(page.Items, func(p order) bool { return p.ID == o.ID }) {
		t.errorf("the manager's list does not have order %s", o.ID)
	}
}

func othersOrders(t *try) {
	o, other := t.buy(t.buyer(0), t.product(100, 1), 1), t.buyer(1)
	never := "0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5e"
	for _, c := range []struct{ method, after string }{{"GET", ""}, {"POST", "/cancel"}} {
		theirs := t.ask(other, c.method, "/v1/orders/"+o.ID+c.after, nil).refused(http.StatusNotFound, "not_found")
		none := t.ask(other, c.method, "/v1/orders/"+never+c.after, nil).refused(http.StatusNotFound, "not_found")
		equal(t, "what is said of another's order", theirs.Detail, none.Detail)
	}
	equal(t, "the order afterwards", t.orderOf(t.buyer(0), o.ID).Status, "confirmed")
	for _, p := range all[order](t, other, "/v1/orders?limit=100") {
		if p.ID == o.ID {
			t.errorf("another customer's list has order %s", o.ID)
		}
	}
}
