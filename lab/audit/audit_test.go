package audit

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"triptych/domain/order"
)

var (
	kept     = uuid.MustParse("00000000-0000-7000-8000-000000000001")
	given    = uuid.MustParse("00000000-0000-7000-8000-000000000002")
	refused  = uuid.MustParse("00000000-0000-7000-8000-000000000003")
	allKnown = []uuid.UUID{kept, given, refused}
)

// books are those of three orders of two teas each: one confirmed, one cancelled,
// one rejected.
func books() *Books {
	b := &Books{
		Orders: map[uuid.UUID]Order{}, Stock: map[string]int64{"TEA": 98}, Sales: map[uuid.UUID]Sale{}, Events: map[uuid.UUID][]Event{},
		Reservations: map[uuid.UUID]string{kept: "taken", given: "released", refused: "short"}, Unsent: map[string]int{"orders": 0},
		Payments: map[uuid.UUID]string{kept: "captured", given: "refunded", refused: "voided"},
		Movements: []Movement{
			{"TEA", 100, "delivery", uuid.Nil}, {"TEA", -2, "order", kept}, {"TEA", -2, "order", given}, {"TEA", 2, "cancelled", given},
		},
		Processor: []Told{
			{kept, "authorise", 895}, {kept, "capture", 895}, {given, "authorise", 895}, {given, "capture", 895}, {given, "refund", 895},
			{refused, "authorise", 895}, {refused, "void", 895},
		},
	}
	lines := []order.Line{{SKU: "TEA", Quantity: 2, Price: 250, Total: 500}}
	for id, history := range map[uuid.UUID][]order.Status{
		kept:    {order.Pending, order.Confirmed},
		given:   {order.Pending, order.Confirmed, order.Cancelling, order.Cancelled},
		refused: {order.Pending, order.Rejected},
	} {
		o := Order{ID: id, Status: history[len(history)-1], Lines: lines, Totals: order.Total(lines), History: history}
		o.Step = string(o.Status)
		for i, s := range history {
			o.Numbers = append(o.Numbers, i+1)
			b.Events[id] = append(b.Events[id], Event{uuid.New(), names[s]})
		}
		b.Orders[id] = o
	}
	for _, id := range []uuid.UUID{kept, given} {
		b.book(id, ":charge", 1)
	}
	b.book(given, ":refund", -1)
	b.Sales[kept] = Sale{"sold", 895}
	b.Sales[given] = Sale{"cancelled", 895}
	return b
}

func (b *Books) book(id uuid.UUID, what string, sign int64) {
	b.Ledger = append(b.Ledger,
		Entry{id.String() + what, "card_receivable", sign * 895, id},
		Entry{id.String() + what, "sales", sign * -746, id},
		Entry{id.String() + what, "vat", sign * -149, id})
}

func (b *Books) change(id uuid.UUID, f func(*Order)) {
	o := b.Orders[id]
	f(&o)
	b.Orders[id] = o
}

func always(uuid.UUID) bool { return true }

func TestGoodBooksAreGood(t *testing.T) {
	b := books()
	if underWay := b.Settled(); len(underWay) > 0 {
		t.Errorf("under way: %v", underWay)
	}
	if found := b.Violations(allKnown, always); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

// An auditor who never finds anything is of no use: each forgery must be noticed,
// as what it is.
func TestForgeriesAreFound(t *testing.T) {
	for name, c := range map[string]struct {
		forge func(b *Books)
		want  string
	}{
		"stock below zero":               {func(b *Books) { b.Stock["TEA"] = -1 }, "S1"},
		"a lost movement":                {func(b *Books) { b.Movements = b.Movements[1:] }, "S1"},
		"movements without stock":        {func(b *Books) { delete(b.Stock, "TEA") }, "S1"},
		"a lost entry":                   {func(b *Books) { b.Ledger = b.Ledger[1:] }, "S2"},
		"a charge booked twice":          {func(b *Books) { b.book(kept, ":charge", 1) }, "S2"},
		"a charge taken twice":           {func(b *Books) { b.Processor = append(b.Processor, Told{kept, "capture", 895}) }, "S3"},
		"a refund given twice":           {func(b *Books) { b.Processor = append(b.Processor, Told{given, "refund", 895}) }, "S3"},
		"a charge of no order":           {func(b *Books) { delete(b.Orders, kept) }, "S4"},
		"confirmed without a charge":     {func(b *Books) { b.Ledger = b.Ledger[3:] }, "S4"},
		"a rejected order with a charge": {func(b *Books) { b.book(refused, ":charge", 1) }, "S7"},
		"a cancelled order not refunded": {func(b *Books) { b.Ledger = b.Ledger[:6] }, "S5"},
		"stock not given back":           {func(b *Books) { b.Movements = b.Movements[:3] }, "S5"},
		"stock given back twice":         {func(b *Books) { b.Movements = append(b.Movements, Movement{"TEA", 2, "cancelled", given}) }, "S5"},
		"a confirmed order without stock": {func(b *Books) {
			b.Movements = append(b.Movements[:1:1], b.Movements[2:]...)
		}, "S4"},
		"a rejected order that holds stock": {func(b *Books) { b.Reservations[refused] = "taken" }, "S7"},
		"money set aside for ever":          {func(b *Books) { b.Payments[refused] = "approved" }, "S7"},
		"a token that is kept":              {func(b *Books) { b.change(kept, func(o *Order) { o.Token = true }) }, "S7"},
		"a move that there is not":          {func(b *Books) { b.change(given, func(o *Order) { o.History[2] = order.Shipped }) }, "S8"},
		"a move that is missing":            {func(b *Books) { b.change(kept, func(o *Order) { o.Numbers = []int{1, 3} }) }, "S8"},
		"half an order taken":               {func(b *Books) { b.Movements[1].Delta = -1 }, "S9"},
		"a wrong total":                     {func(b *Books) { b.change(kept, func(o *Order) { o.Totals.Total++ }) }, "S10"},
		"an event lost":                     {func(b *Books) { b.Events[kept] = b.Events[kept][:1] }, "S11"},
		"an event too many":                 {func(b *Books) { b.Events[kept] = append(b.Events[kept], b.Events[kept][1]) }, "S11"},
		"events in the wrong order":         {func(b *Books) { e := b.Events[kept]; e[0], e[1] = e[1], e[0] }, "S11"},
		"a sale that was not reported":      {func(b *Books) { delete(b.Sales, kept) }, "S11"},
		"a sale that was not cancelled":     {func(b *Books) { b.Sales[given] = Sale{"sold", 895} }, "S11"},
	} {
		b := books()
		c.forge(b)
		var found []string
		for _, v := range b.Violations(allKnown, always) {
			found = append(found, v.String())
		}
		if !strings.Contains(strings.Join(found, "\n"), c.want+":") {
			t.Errorf("%s: found %q, want %s", name, found, c.want)
		}
	}
}

func TestALostOrderIsFound(t *testing.T) {
	b := books()
	found := b.Violations(append(allKnown, uuid.New()), always)
	if len(found) != 1 || found[0].Invariant != "S6" {
		t.Errorf("an order that is nowhere: %v", found)
	}
	found = b.Violations(allKnown, func(id uuid.UUID) bool { return id != given })
	if len(found) != 1 || found[0].Invariant != "S6" {
		t.Errorf("an order that its owner does not see: %v", found)
	}
}

func TestWhatIsUnderWayIsTold(t *testing.T) {
	for name, change := range map[string]func(b *Books){
		"a pending order":         func(b *Books) { b.change(kept, func(o *Order) { o.Status = order.Pending }) },
		"a saga at work":          func(b *Books) { b.change(kept, func(o *Order) { o.Step = "capturing" }) },
		"an event not sent":       func(b *Books) { b.Unsent["orders"] = 1 },
		"an event not in the log": func(b *Books) { b.Events[kept] = nil },
		"an event not applied":    func(b *Books) { delete(b.Sales, kept) },
	} {
		b := books()
		change(b)
		if len(b.Settled()) == 0 {
			t.Errorf("%s: nothing is under way", name)
		}
	}
}
