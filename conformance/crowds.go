package conformance

// crowds is section 5 when everybody comes at once.
func crowds() []scenario {
	return []scenario{
		{"crowds", "sells 100 items to 200 buyers exactly once each", crowd},
		{"crowds", "does not lock up when orders name products in any order", crossing},
		{"crowds", "keeps the count while some buy and some cancel", coming},
	}
}

func crowd(t *try) {
	const buyers, items, accounts = 200, 100, 20
	sku := t.product(100, items)
	t.buyer(accounts - 1) // made before the rush
	orders := make([]order, buyers)
	t.together(buyers, func(i int) {
		orders[i] = t.place(t.suite.buyers[i%accounts], draft(item{sku, 1}), key(t.unique("k")))
	})
	count := map[string]int{}
	ids := map[string]bool{}
	for _, o := range orders {
		count[o.Status+" "+o.Reason.Code]++
		ids[o.ID] = true
	}
	equal(t, "confirmed", count["confirmed "], items)
	equal(t, "rejected as out of stock", count["rejected out_of_stock"], buyers-items)
	equal(t, "different orders", len(ids), buyers)
	equal(t, "stock", t.onHand(sku), 0)
}

func crossing(t *try) {
	const orders = 60
	skus := []string{t.product(100, orders), t.product(100, orders), t.product(100, orders)}
	t.buyer(9)
	t.together(orders, func(i int) {
		a, b, c := skus[i%3], skus[(i+1)%3], skus[(i+2)%3]
		if i%2 == 0 {
			a, c = c, a
		}
		o := t.place(t.suite.buyers[i%10], draft(item{a, 1}, item{b, 1}, item{c, 1}), key(t.unique("k")))
		equal(t, "status", o.Status, "confirmed")
	})
	for _, sku := range skus {
		equal(t, "stock of "+sku, t.onHand(sku), 0)
	}
}

func coming(t *try) {
	const rounds = 40
	sku := t.product(100, 20)
	t.buyer(9)
	kept := make([]bool, rounds)
	t.together(rounds, func(i int) {
		who := t.suite.buyers[i%10]
		o := t.place(who, draft(item{sku, 1}), key(t.unique("k")))
		if kept[i] = o.Status == "confirmed"; kept[i] && i%2 == 0 {
			t.cancel(who, o.ID)
			kept[i] = false
		}
	})
	sold := 0
	for _, k := range kept {
		if k {
			sold++
		}
	}
	t.eventually("stock is what was not sold", func() bool { return t.onHand(sku) == 20-sold })
}
