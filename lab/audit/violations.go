package audit

import (
	"fmt"
	"slices"

	"github.com/google/uuid"

	"triptych/domain/money"
	"triptych/domain/order"
)

// A Violation is a promise that was not kept:
//
//	S1   nothing is sold that is not there, and stock is the sum of its movements
//	S2   bookings balance, and what was captured and not given back is what the orders cost that stand
//	S3   the card processor was told each thing once, by its own list
//	S4   an order that stands was charged and has its stock, and nothing was done for one that there is not
//	S5   a cancelled order was refunded, and its stock given back, once
//	S6   an order that a client was told of is there
//	S7   an order that came to nothing has left nothing behind
//	S8   an order has made only the moves that orders may make
//	S9   an order took all of a line or none of it
//	S10  totals are what the lines cost
//	S11  each move has one event, and the reports show what came of it
type Violation struct {
	Invariant string // S1 to S11
	Detail    string
}

// String returns both in a line.
func (v Violation) String() string { return v.Invariant + ": " + v.Detail }

type findings []Violation

func (f *findings) check(ok bool, invariant, format string, args ...any) {
	if !ok {
		*f = append(*f, Violation{invariant, fmt.Sprintf(format, args...)})
	}
}

// Settled says what is still under way, or nothing when the books are whole.
func (b *Books) Settled() (underWay []string) {
	for id, o := range b.Orders {
		if !o.Status.Settled() || o.Step != string(o.Status) {
			underWay = append(underWay, fmt.Sprintf("order %s is %s, its saga %s", id, o.Status, o.Step))
		}
		if got, want := len(b.Events[id]), len(o.History); got < want {
			underWay = append(underWay, fmt.Sprintf("order %s has %d events of %d", id, got, want))
		}
		if _, sold := b.Sales[id]; sold != o.wasConfirmed() {
			underWay = append(underWay, fmt.Sprintf("order %s is %s, and the reports do not know", id, o.Status))
		} else if sold && (b.Sales[id].Status == "cancelled") != (o.Status == order.Cancelled) {
			underWay = append(underWay, fmt.Sprintf("order %s is %s, and the reports say %s", id, o.Status, b.Sales[id].Status))
		}
	}
	for service, n := range b.Unsent {
		if n > 0 {
			underWay = append(underWay, fmt.Sprintf("%d events of %s are not sent", n, service))
		}
	}
	slices.Sort(underWay)
	return underWay
}

func (o Order) wasConfirmed() bool { return slices.Contains(o.History, order.Confirmed) }

// Violations holds the settled books against the invariants. acknowledged are the
// orders that a client was told of; visible reports whether it still sees one.
func (b *Books) Violations(acknowledged []uuid.UUID, visible func(uuid.UUID) bool) []Violation {
	var f findings
	b.stock(&f)
	b.money(&f)
	b.processor(&f)
	for _, id := range sorted(b.Orders) {
		o := b.Orders[id]
		b.effects(&f, o)
		b.moves(&f, o)
		b.events(&f, o)
	}
	for _, id := range acknowledged {
		_, ok := b.Orders[id]
		f.check(ok && visible(id), "S6", "order %s was acknowledged, and is not there", id)
	}
	b.strays(&f)
	return f
}

func sorted(orders map[uuid.UUID]Order) []uuid.UUID {
	ids := make([]uuid.UUID, 0, len(orders))
	for id := range orders {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
	return ids
}

// stock is S1: nothing is sold that is not there, and the ledger adds up.
func (b *Books) stock(f *findings) {
	sums := map[string]int64{}
	for _, m := range b.Movements {
		sums[m.SKU] += m.Delta
	}
	for sku, n := range b.Stock {
		f.check(n >= 0, "S1", "there are %d of %s", n, sku)
		f.check(n == sums[sku], "S1", "there are %d of %s, and its movements add up to %d", n, sku, sums[sku])
	}
	for sku := range sums {
		_, ok := b.Stock[sku]
		f.check(ok, "S1", "there are movements of %s, and no stock", sku)
	}
}

// money is S2: every booking balances, and what was captured and not given back is
// what the orders cost that stand.
func (b *Books) money(f *findings) {
	keys, receivable, want := map[string]int64{}, int64(0), money.Amount(0)
	for _, e := range b.Ledger {
		keys[e.Key] += e.Amount
		if e.Ledger == "card_receivable" {
			receivable += e.Amount
		}
	}
	for key, sum := range keys {
		f.check(sum == 0, "S2", "the entries of %s add up to %d", key, sum)
	}
	for _, o := range b.Orders {
		if o.stands() {
			want += o.Totals.Total
		}
	}
	f.check(receivable == int64(want), "S2", "the processor owes %d, and the orders that stand cost %d", receivable, want)
}

// stands reports whether an order has its stock and its payment.
func (o Order) stands() bool { return o.Status == order.Confirmed || o.Status == order.Shipped }

// processor is S3: by the processor's own list, each payment was taken once at most,
// and given back once at most.
func (b *Books) processor(f *findings) {
	type done struct {
		order uuid.UUID
		kind  string
	}
	times := map[done]int{}
	for _, t := range b.Processor {
		times[done{t.Order, t.Kind}]++
	}
	for d, n := range times {
		f.check(n == 1, "S3", "the processor was told %d times to %s order %s", n, d.kind, d.order)
	}
}

// charged counts an order's charges and refunds in the ledger.
func (b *Books) charged(id uuid.UUID) (charges, refunds int) {
	for _, e := range b.Ledger {
		if e.Ledger != "card_receivable" {
			continue
		}
		switch e.Key {
		case id.String() + ":charge":
			charges++
		case id.String() + ":refund":
			refunds++
		}
	}
	return charges, refunds
}

// effects is S4, S5 and S7: an order has the stock and the payment that belong to its
// status, and nothing else.
func (b *Books) effects(f *findings, o Order) {
	charges, refunds := b.charged(o.ID)
	wantCharges, wantRefunds, invariant := 0, 0, "S7"
	switch {
	case o.stands():
		wantCharges, invariant = 1, "S4"
	case o.Status == order.Cancelled:
		wantCharges, wantRefunds, invariant = 1, 1, "S5"
	}
	f.check(charges == wantCharges && refunds == wantRefunds, invariant,
		"order %s is %s, with %d charges and %d refunds", o.ID, o.Status, charges, refunds)
	taken, back := map[string]int64{}, map[string]int64{}
	for _, m := range b.Movements {
		if m.Order == o.ID && m.Reason == "order" {
			taken[m.SKU] -= m.Delta
		} else if m.Order == o.ID {
			back[m.SKU] += m.Delta
		}
	}
	for _, l := range o.Lines {
		left := int64(0)
		if o.stands() {
			left = int64(l.Quantity)
		}
		f.check(taken[l.SKU]-back[l.SKU] == left, invariant, "order %s is %s, and has %d of %s, not %d",
			o.ID, o.Status, taken[l.SKU]-back[l.SKU], l.SKU, left)
		f.check(taken[l.SKU] == 0 || taken[l.SKU] == int64(l.Quantity), "S9", "order %s took %d of %s, not %d", o.ID, taken[l.SKU], l.SKU, l.Quantity)
	}
	f.check(b.Payments[o.ID] != "approved", invariant, "order %s is %s, and its money is still set aside", o.ID, o.Status)
	held := b.Reservations[o.ID] == "taken"
	f.check(held == o.stands(), invariant, "order %s is %s, and its reservation %q", o.ID, o.Status, b.Reservations[o.ID])
}

// moves is S8 and S10: each move is one that orders may make, and the totals are what
// the lines cost.
func (b *Books) moves(f *findings, o Order) {
	f.check(len(o.History) > 0 && o.History[0] == order.Pending && o.History[len(o.History)-1] == o.Status,
		"S8", "order %s is %s, with the history %v", o.ID, o.Status, o.History)
	for i := 1; i < len(o.History); i++ {
		f.check(o.History[i-1].May(o.History[i]), "S8", "order %s went from %s to %s", o.ID, o.History[i-1], o.History[i])
	}
	for i, n := range o.Numbers {
		f.check(n == i+1, "S8", "the moves of order %s are numbered %v", o.ID, o.Numbers)
	}
	f.check(order.Total(o.Lines) == o.Totals, "S10", "order %s costs %+v, and its lines %+v", o.ID, o.Totals, order.Total(o.Lines))
	f.check(!o.Token, "S7", "order %s is %s, and its payment token is still kept", o.ID, o.Status)
}

// names are the events that say so when an order came to a status.
var names = map[order.Status]string{
	order.Pending: "events.v1.OrderPlaced", order.Confirmed: "events.v1.OrderConfirmed", order.Rejected: "events.v1.OrderRejected",
	order.Shipped: "events.v1.OrderShipped", order.Cancelling: "events.v1.OrderCancelling", order.Cancelled: "events.v1.OrderCancelled",
}

// events is S11: each move has one event, in the order of the moves, and the reports
// show what came of them.
func (b *Books) events(f *findings, o Order) {
	var want, got []string
	for _, s := range o.History {
		want = append(want, names[s])
	}
	for _, e := range b.Events[o.ID] {
		got = append(got, e.Type)
	}
	f.check(slices.Equal(got, want), "S11", "order %s has the history %v and the events %v", o.ID, o.History, got)
	sale, sold := b.Sales[o.ID]
	f.check(sold == o.wasConfirmed(), "S11", "order %s has the history %v, and the reports have it: %v", o.ID, o.History, sold)
	if sold {
		f.check(sale.Total == int64(o.Totals.Total) && (sale.Status == "cancelled") == (o.Status == order.Cancelled),
			"S11", "order %s is %s and cost %d; the reports have %+v", o.ID, o.Status, o.Totals.Total, sale)
	}
}

// strays is the rest of S4: nothing was done for an order that there is not.
func (b *Books) strays(f *findings) {
	for _, e := range b.Ledger {
		_, ok := b.Orders[e.Order]
		f.check(ok, "S4", "%s was booked, and there is no such order", e.Key)
	}
	for _, m := range b.Movements {
		_, ok := b.Orders[m.Order]
		f.check(ok || m.Order == uuid.Nil, "S4", "stock was moved for order %s, and there is no such order", m.Order)
	}
	for id := range b.Sales {
		_, ok := b.Orders[id]
		f.check(ok, "S11", "the reports have order %s, and there is no such order", id)
	}
}
