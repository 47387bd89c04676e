package payment

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"triptych/domain/fault"
	"triptych/domain/money"
	"triptych/domain/order"
)

func TestTheProcessorKnowsItsTestTokens(t *testing.T) {
	for token, want := range map[string]Decision{
		"tok_visa":               {Approved: true},
		"tok_slow":               {Approved: true, After: 2 * time.Second},
		"tok_declined":           {Detail: "the card was declined"},
		"tok_insufficient_funds": {Detail: "the card has insufficient funds"},
	} {
		if got, err := Decide(token); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", token, got, err)
		}
	}
	for _, token := range []string{"", "tok_", "TOK_VISA", "4242424242424242"} {
		f := fault.From(must(Decide(token)))
		if f.Code != "invalid" || len(f.Fields) != 1 || f.Fields[0].Pointer != "/payment/token" {
			t.Errorf("%q: got %+v", token, f)
		}
	}
}

func must(_ Decision, err error) error { return err }

func TestADeclinedPaymentIsAReason(t *testing.T) {
	d, _ := Decide("tok_declined")
	if r := Declined(d); r != (order.Reason{Code: "payment_declined", Detail: "the card was declined"}) {
		t.Errorf("got %+v", r)
	}
}

var anyOrder = rapid.Custom(func(t *rapid.T) order.Order {
	total := money.Amount(rapid.Int64Range(396, 500_000_000_000).Draw(t, "total"))
	return order.Order{ID: uuid.New(), Totals: order.Totals{Total: total, VAT: total.Ratio(20, 120)}}
})

// add returns what journals book to each account of the ledger.
func add(journals ...Journal) map[Ledger]money.Amount {
	books := map[Ledger]money.Amount{}
	for _, j := range journals {
		for _, e := range j.Entries {
			books[e.Ledger] += e.Amount
		}
	}
	return books
}

func TestEveryJournalSumsToZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := anyOrder.Draw(t, "order")
		for _, j := range []Journal{Charge(o), Refund(o)} {
			var sum money.Amount
			seen := map[Ledger]bool{}
			for _, e := range j.Entries {
				if sum += e.Amount; e.Amount == 0 || seen[e.Ledger] {
					t.Fatalf("%+v books nothing, or twice to one account", j)
				}
				seen[e.Ledger] = true
			}
			if sum != 0 || j.Order != o.ID {
				t.Fatalf("%+v sums to %v", j, sum)
			}
		}
	})
}

func TestAChargeBooksTheTotal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := anyOrder.Draw(t, "order")
		b := add(Charge(o))
		if b[CardReceivable] != o.Total || b[VAT] != -o.VAT || b[Sales] != -(o.Total-o.VAT) || b[Refunds] != 0 {
			t.Fatalf("%+v books %v", o.Totals, b)
		}
	})
}

// A refund gives back to each account what the charge took; what was sold
// stays in the books, and beside it that it was given back.
func TestARefundUndoesItsCharge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := anyOrder.Draw(t, "order")
		b := add(Charge(o), Refund(o))
		if b[CardReceivable] != 0 || b[VAT] != 0 || b[Sales]+b[Refunds] != 0 || b[Refunds] != o.Total-o.VAT {
			t.Fatalf("%+v leaves %v", o.Totals, b)
		}
	})
}

func TestKeysComeFromTheOrder(t *testing.T) {
	a, b := order.Order{ID: uuid.New()}, order.Order{ID: uuid.New()}
	if again := a; Charge(a).Key != Charge(again).Key || Refund(a).Key != Refund(again).Key {
		t.Error("the same order has other keys the second time")
	}
	keys := map[string]bool{Charge(a).Key: true, Refund(a).Key: true, Charge(b).Key: true, Refund(b).Key: true}
	if len(keys) != 4 {
		t.Errorf("two orders' charges and refunds have the keys %v", keys)
	}
}
