package conformance

import (
	"net/http"
	"slices"
	"strings"
)

// books looks back on everything that the suite has done, through the API: the
// money and the goods must add up, and nothing may have been left out.
func books() []scenario {
	return []scenario{
		{"books", "has no order that is not settled", allSettled},
		{"books", "has in stock what was put in and not sold", stockAddsUp},
		{"books", "has taken what confirmed orders cost, and no more", moneyAddsUp},
		{"books", "has met every operation and every code", coverage},
	}
}

// since lists the orders, anybody's, that were placed since the suite began.
func (t *try) since() []order {
	var orders []order
	const path = "/v1/orders?limit=100"
	next := ""
	for {
		page := decode[list[order]](t.get(t.manager, path+next).want(http.StatusOK))
		for _, o := range page.Items {
			if o.ID == t.newest {
				return orders
			}
			orders = append(orders, o)
		}
		if page.Next == "" {
			return orders
		}
		next = more(path, page.Next)
	}
}

func allSettled(t *try) {
	for _, o := range t.since() {
		t.settled(t.manager, o)
	}
}

// sold reports whether an order is one that takes stock and money.
func sold(o order) bool { return o.Status == "confirmed" || o.Status == "shipped" }

func stockAddsUp(t *try) {
	units := map[string]int{}
	for _, o := range t.since() {
		for _, l := range o.Lines {
			if sold(o) {
				units[l.SKU] += l.Quantity
			}
		}
	}
	now := t.report()
	for sku, in := range t.stockIn {
		equal(t, "stock of "+sku, t.onHand(sku), in-units[sku])
		reported, _ := now.sold(sku)
		equal(t, "units of "+sku+" in the report", reported, units[sku])
	}
}

func moneyAddsUp(t *try) {
	var orders, cancelled, revenue, vat, discount int
	for _, o := range t.since() {
		switch {
		case sold(o):
			orders++
			revenue += o.Total
			vat += o.VAT
			discount += o.Discount
		case o.Status == "cancelled":
			cancelled++
		}
	}
	t.eventually("the report has caught up", func() bool { return t.report().Orders == t.before.Orders+orders })
	now := t.report()
	equal(t, "revenue", now.Revenue-t.before.Revenue, revenue)
	equal(t, "vat", now.VAT-t.before.VAT, vat)
	equal(t, "discount", now.Discount-t.before.Discount, discount)
	equal(t, "cancelled", now.Cancelled-t.before.Cancelled, cancelled)
}

// unseen are codes that a well-behaved client of a healthy shop may never
// meet: they depend on load, on chance, or on what is broken.
var unseen = []string{"internal", "overloaded", "unavailable", "request_in_progress", "order_pending", "picture_damaged", "period_closed", "period_out_of_order"}

func coverage(t *try) {
	var missing []string
	paid := t.wages() != nil // a shop whose tax year is over shows no run
	for _, op := range t.contract.operations {
		if !t.seen[op.ID] && (paid || !strings.HasPrefix(op.Path, "/v1/payroll/runs")) {
			missing = append(missing, op.ID)
		}
	}
	codes, _ := t.contract.node("/components/schemas/Problem/properties/code/enum").([]any)
	for _, code := range codes {
		if c := code.(string); !slices.Contains(unseen, c) && !t.seen[c] {
			missing = append(missing, c)
		}
	}
	if len(missing) > 0 {
		t.errorf("never met: %q", missing)
	}
}
