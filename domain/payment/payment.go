// Package payment is how an order is paid: what the simulated card processor
// decides, and which entries a payment makes in the ledger.
package payment

import (
	"time"

	"github.com/google/uuid"

	"triptych/domain/fault"
	"triptych/domain/money"
	"triptych/domain/order"
)

// A Decision is the processor's answer to a request for authorisation.
type Decision struct {
	Approved bool
	Detail   string        // why not
	After    time.Duration // how long the processor takes to say so
}

// decisions is the simulated processor: what it says to each test token.
var decisions = map[string]Decision{
	"tok_visa":               {Approved: true},
	"tok_slow":               {Approved: true, After: 2 * time.Second},
	"tok_declined":           {Detail: "the card was declined"},
	"tok_insufficient_funds": {Detail: "the card has insufficient funds"},
}

// Decide returns what the processor says to a token. A token it does not know
// is the fault "invalid".
func Decide(token string) (Decision, error) {
	d, ok := decisions[token]
	if !ok {
		return Decision{}, fault.NewInvalid("/payment/token", "is not a token of the card processor")
	}
	return d, nil
}

// Declined is why an order whose payment is declined is rejected.
func Declined(d Decision) order.Reason {
	return order.Reason{Code: "payment_declined", Detail: d.Detail}
}

// A Ledger is one of the accounts that payments are booked to.
type Ledger string

const (
	CardReceivable Ledger = "card_receivable" // what the processor owes the shop
	Sales          Ledger = "sales"           // goods and shipping, without tax
	VAT            Ledger = "vat"             // tax owed
	Refunds        Ledger = "refunds"         // sales that were given back
)

// A Journal is a set of entries that belong together and sum to zero.
type Journal struct {
	Key     string // names the charge or refund; one key is booked once
	Order   uuid.UUID
	Entries []Entry
}

// An Entry books an amount to one account of the ledger: debits are positive,
// credits negative.
type Entry struct {
	Ledger Ledger
	Amount money.Amount
}

// Charge returns the entries of taking an order's payment.
func Charge(o order.Order) Journal {
	return Journal{o.ID.String() + ":charge", o.ID, []Entry{
		{CardReceivable, o.Total},
		{Sales, -(o.Total - o.VAT)},
		{VAT, -o.VAT},
	}}
}

// Refund returns the entries of giving an order's payment back.
func Refund(o order.Order) Journal {
	return Journal{o.ID.String() + ":refund", o.ID, []Entry{
		{CardReceivable, -o.Total},
		{Refunds, o.Total - o.VAT},
		{VAT, o.VAT},
	}}
}
