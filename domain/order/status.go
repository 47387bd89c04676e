package order

import (
	"slices"
	"time"

	"triptych/domain/fault"
)

// A Status is where an order stands.
type Status string

const (
	Pending    Status = "pending"    // placed; stock and payment not settled yet
	Confirmed  Status = "confirmed"  // stock taken, payment taken
	Rejected   Status = "rejected"   // cannot be fulfilled; nothing is held
	Shipped    Status = "shipped"    // on its way
	Cancelling Status = "cancelling" // stock and payment are being given back
	Cancelled  Status = "cancelled"  // stock and payment were given back
)

// next lists the moves an order may make. A status with no entry is final.
var next = map[Status][]Status{
	Pending:    {Confirmed, Rejected},
	Confirmed:  {Shipped, Cancelling, Cancelled},
	Cancelling: {Cancelled},
}

// conflict is the code of the fault when a status forbids a move. An order that
// is given back shares the code of one that was never taken: nothing of either
// will be sent.
var conflict = map[Status]string{
	Pending:    "order_pending",
	Confirmed:  "order_confirmed",
	Rejected:   "order_rejected",
	Shipped:    "order_shipped",
	Cancelling: "order_rejected",
	Cancelled:  "order_rejected",
}

// Statuses lists every status, in the order of an order's life.
var Statuses = []Status{Pending, Confirmed, Rejected, Shipped, Cancelling, Cancelled}

// Valid reports whether s is a status at all.
func (s Status) Valid() bool { return slices.Contains(Statuses, s) }

// Settled reports whether it is known if the order can be fulfilled, which is
// what a customer who asked to wait is waiting for.
func (s Status) Settled() bool { return s != Pending && s != Cancelling }

// May reports whether an order may move from s to t.
func (s Status) May(t Status) bool { return slices.Contains(next[s], t) }

// To moves the order to status s at the time at. Moving to where it already
// stands does nothing, because events arrive more than once; a move that is
// not allowed is a conflict named after the status that forbids it.
func (o *Order) To(s Status, at time.Time) error {
	if o.Status == s {
		return nil
	}
	if !o.Status.May(s) {
		return fault.New(fault.Conflict, conflict[o.Status], "order %s is %s, cannot become %s", o.ID, o.Status, s)
	}
	if o.Status == Pending {
		o.SettledAt = at
	}
	o.Status = s
	o.History = append(o.History, Change{s, at})
	return nil
}

// Reject moves the order to rejected, for that reason. An order that is
// rejected keeps its first one.
func (o *Order) Reject(r Reason, at time.Time) error {
	if o.Status == Rejected {
		return nil
	}
	if err := o.To(Rejected, at); err != nil {
		return err
	}
	o.Reason = &r
	return nil
}
