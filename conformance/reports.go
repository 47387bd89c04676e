package conformance

import (
	"net/http"
	"time"
)

// reports is section 8.
func reports() []scenario {
	return []scenario{
		{"reports", "counts what was sold, and what was cancelled", countsSales},
		{"reports", "has days and products that add up", addsUp},
		{"reports", "is empty for days without sales", emptyReport},
		{"reports", "refuses what is no range of days", noRange},
	}
}

// report asks for the days around the time when the suite began, so that
// midnight makes no difference.
func (t *try) report() report {
	from, to := t.started.UTC().AddDate(0, 0, -2), t.started.UTC().AddDate(0, 0, 2)
	path := "/v1/reports/sales?from=" + from.Format(time.DateOnly) + "&to=" + to.Format(time.DateOnly)
	return decode[report](t.get(t.manager, path).want(http.StatusOK))
}

// sold is what a report says of one product.
func (r report) sold(sku string) (units, revenue int) {
	for _, p := range r.Products {
		if p.SKU == sku {
			return p.Units, p.Revenue
		}
	}
	return 0, 0
}

func countsSales(t *try) {
	who, sku := t.buyer(0), t.product(1000, 100)
	before := t.report()
	kept, shipped, cancelled := t.buy(who, sku, 10), t.buy(who, sku, 2), t.buy(who, sku, 5)
	t.ship(shipped.ID)
	t.cancel(who, cancelled.ID)
	t.place(who, draft(item{sku, 99}), key(t.unique("k"))) // rejected: counts nowhere
	t.eventually("the report has caught up", func() bool {
		now := t.report()
		return now.Orders >= before.Orders+2 && now.Cancelled >= before.Cancelled+1
	})
	after := t.report()
	equal(t, "orders", after.Orders-before.Orders, 2)
	equal(t, "cancelled", after.Cancelled-before.Cancelled, 1)
	equal(t, "revenue", after.Revenue-before.Revenue, kept.Total+shipped.Total)
	equal(t, "vat", after.VAT-before.VAT, kept.VAT+shipped.VAT)
	equal(t, "discount", after.Discount-before.Discount, 1000) // a tenth of 10 × 1000
	units, revenue := after.sold(sku)
	equal(t, "units of the product", units, 12)
	equal(t, "revenue of the product", revenue, 9000+2000)
}

func addsUp(t *try) {
	r := t.report()
	orders, revenue, last := 0, 0, ""
	for _, d := range r.Days {
		if d.Date <= last {
			t.errorf("the days are not in order: %s after %s", d.Date, last)
		}
		last = d.Date
		orders += d.Orders
		revenue += d.Revenue
	}
	equal(t, "the days' orders", orders, r.Orders)
	equal(t, "the days' revenue", revenue, r.Revenue)
	seen := map[string]bool{}
	for _, p := range r.Products {
		if seen[p.SKU] {
			t.errorf("product %s is there twice", p.SKU)
		}
		seen[p.SKU] = true
	}
	if age := time.Since(instant(t, r.AsOf)); age > t.target.Settle+time.Minute || age < -time.Minute {
		t.errorf("as_of %s is %v from now", r.AsOf, age)
	}
}

func emptyReport(t *try) {
	r := decode[report](t.get(t.manager, "/v1/reports/sales?from=1999-01-01&to=1999-12-31").want(http.StatusOK))
	equal(t, "orders, cancelled, revenue, days and products", [5]int{r.Orders, r.Cancelled, r.Revenue, len(r.Days), len(r.Products)}, [5]int{})
}

func noRange(t *try) {
	for _, q := range []string{
		"", "from=2026-11-01", "to=2026-11-30", "from=2026-11-30&to=2026-11-01", "from=2026-11-01&to=2026-11-31",
		"from=1.11.2026&to=2026-11-30", "from=2026-11-01&to=", "from=2026-11-01T00:00:00Z&to=2026-11-30",
		"from=2020-01-01&to=2026-11-30", "from=2026-11-01&to=2026-11-30&by=week",
	} {
		t.get(t.manager, "/v1/reports/sales?"+q).refused(http.StatusBadRequest, "bad_parameter")
	}
}
