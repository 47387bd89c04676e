package payment

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"triptych/domain/fault"
	"triptych/domain/money"
	"triptych/domain/order"
)

// Lifetime is how long a card's issuer keeps money set aside that nobody takes:
// seven days with most cards.
const Lifetime = 7 * 24 * time.Hour

// A Status is how far an order's payment is.
type Status string

const (
	Approved Status = "approved" // the money is set aside
	Refused  Status = "declined" // it never was
	Captured Status = "captured" // it was taken
	Lapsed   Status = "lapsed"   // it was set aside for too long, and nobody took it
	Voided   Status = "voided"   // nobody wants it any more
	Refunded Status = "refunded" // it was taken and given back
)

// moves lists what may become of a payment. A status with no entry is final.
var moves = map[Status][]Status{
	Approved: {Captured, Lapsed, Voided},
	Captured: {Refunded},
}

// An Authorisation is what the processor said to an order's payment, and what
// has become of it. One of nothing, that is voided, keeps a request that comes
// late from setting money aside for an order that wants none.
type Authorisation struct {
	Order   uuid.UUID
	Status  Status
	Detail  string // why no money can be taken
	Total   money.Amount
	VAT     money.Amount // of the total
	Expires time.Time
}

// Authorisation returns what a decision of the processor makes of the payment
// of an order. What is set aside lapses after the lifetime.
func (d Decision) Authorisation(id uuid.UUID, total, vat money.Amount, now time.Time, lifetime time.Duration) Authorisation {
	a := Authorisation{Order: id, Status: Approved, Total: total, VAT: vat, Expires: now.Add(lifetime)}
	if !d.Approved {
		a.Status, a.Detail = Refused, d.Detail
	}
	return a
}

// Unwanted returns what keeps an order from getting an authorisation.
func Unwanted(id uuid.UUID) Authorisation {
	return Authorisation{Order: id, Status: Voided, Detail: voided}
}

const (
	voided = "the payment was called off"
	lapsed = "the payment was authorised too long ago"
)

// Good reports whether the money is set aside, or was taken.
func (a *Authorisation) Good() bool { return a.Detail == "" }

// May reports whether a payment may move from s to t.
func (s Status) May(t Status) bool { return slices.Contains(moves[s], t) }

// to moves the payment to a status, for a reason if money cannot be taken any
// more, and reports whether that may be. Moving to where it stands does nothing.
func (a *Authorisation) to(s Status, detail string) bool {
	if !a.Status.May(s) {
		return a.Status == s
	}
	a.Status, a.Detail = s, detail
	return true
}

// Capture takes the money, unless it is not set aside, or for too long: then it
// cannot be taken any more.
func (a *Authorisation) Capture(now time.Time) {
	if now.Before(a.Expires) {
		a.to(Captured, "")
	} else {
		a.to(Lapsed, lapsed)
	}
}

// Void lets the money go that is set aside, if any. When it was taken, that is
// the fault "payment_captured".
func (a *Authorisation) Void() error {
	if a.to(Voided, voided); a.Good() {
		return fault.New(fault.Conflict, "payment_captured", "the payment of order %s was taken", a.Order)
	}
	return nil
}

// Refund gives back the money that was taken. When none was, that is the fault
// "payment_not_captured".
func (a *Authorisation) Refund() error {
	if !a.to(Refunded, "") {
		return fault.New(fault.Conflict, "payment_not_captured", "the payment of order %s was not taken", a.Order)
	}
	return nil
}

// Journal returns the entries that a payment makes in the ledger when it comes
// to its status, or false when that moves no money.
func (a *Authorisation) Journal() (Journal, bool) {
	o := order.Order{ID: a.Order, Totals: order.Totals{Total: a.Total, VAT: a.VAT}}
	switch a.Status {
	case Captured:
		return Charge(o), true
	case Refunded:
		return Refund(o), true
	default:
		return Journal{}, false
	}
}
