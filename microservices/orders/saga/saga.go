// Package saga decides what an order goes through at other services: what is
// asked of which one next, what follows from its answer, and what is undone when
// the order comes to nothing. It is a table, which docs/saga.md draws. It calls
// nobody and stores nothing; the loop around it does.
//
// A saga knows of no failure. Whoever does not answer has not said no: what is
// not known is asked again, as every service answers a repeated request as it
// did the first time. Only answers are events, so only answers move a saga.
package saga

import "triptych/domain/order"

// A Step is where a saga stands: it waits for the answer to its command, or, at
// rest, for a person who wants something of the order.
type Step string

// The steps of taking an order, of undoing what was done for one that cannot be
// taken, and of giving a taken one back; and where a saga rests.
const (
	Authorising Step = "authorising"
	Reserving   Step = "reserving"
	Capturing   Step = "capturing"

	Voiding   Step = "voiding"
	Releasing Step = "releasing"

	Refunding Step = "refunding"
	Returning Step = "returning"

	Confirmed Step = "confirmed"
	Rejected  Step = "rejected"
	Shipped   Step = "shipped"
	Cancelled Step = "cancelled"
)

// First is where every saga begins.
const First = Authorising

// Steps lists every step.
var Steps = []Step{
	Authorising, Reserving, Capturing, Voiding, Releasing, Refunding, Returning,
	Confirmed, Rejected, Shipped, Cancelled,
}

// A Command is what another service is asked to do.
type Command string

// The commands.
const (
	Authorise Command = "authorise" // set the order's total aside on the card
	Reserve   Command = "reserve"   // take its lines from stock
	Capture   Command = "capture"   // take the money that was set aside
	Void      Command = "void"      // let the money go that was set aside
	Release   Command = "release"   // give the lines back to stock
	Refund    Command = "refund"    // give the money back that was taken
)

// commands is what is asked at each step. At the others a saga rests.
var commands = map[Step]Command{
	Authorising: Authorise,
	Reserving:   Reserve,
	Capturing:   Capture,
	Voiding:     Void,
	Releasing:   Release,
	Refunding:   Refund,
	Returning:   Release,
}

// Command returns what is to be asked at s, or "" when there is nothing to do.
func (s Step) Command() Command { return commands[s] }

// Rests reports whether a saga at s has nothing to do.
func (s Step) Rests() bool { return commands[s] == "" }

// compensations is what undoes each command that has to be undone when the order
// comes to nothing. A capture takes the place of its authorisation, so a refund
// undoes both.
var compensations = map[Command]Command{
	Authorise: Void,
	Reserve:   Release,
	Capture:   Refund,
}

// Compensation returns what undoes c, or "" for what itself undoes something.
func (c Command) Compensation() Command { return compensations[c] }

// An Event is what a saga hears.
type Event string

// The events: answers of other services, and what people ask for.
const (
	Approved Event = "approved"
	Declined Event = "declined"
	Reserved Event = "reserved"
	Short    Event = "short" // of stock; nothing was taken
	Captured Event = "captured"
	Lapsed   Event = "lapsed" // the authorisation; there is nothing left to void
	Voided   Event = "voided"
	Released Event = "released"
	Refunded Event = "refunded"

	ShippingAsked   Event = "shipping asked"
	CancellingAsked Event = "cancelling asked"
)

// A Move is one line of the table.
type Move struct {
	From  Step
	Heard Event
	To    Step
	Order order.Status // what becomes of the order with it; empty: it stays what it is
}

// A Table is every move that there is.
type Table []Move

// Moves is the saga.
var Moves = Table{
	{From: Authorising, Heard: Approved, To: Reserving},
	{From: Authorising, Heard: Declined, To: Rejected, Order: order.Rejected},
	{From: Reserving, Heard: Reserved, To: Capturing},
	{From: Reserving, Heard: Short, To: Voiding},
	{From: Capturing, Heard: Captured, To: Confirmed, Order: order.Confirmed},
	{From: Capturing, Heard: Lapsed, To: Releasing},

	{From: Voiding, Heard: Voided, To: Rejected, Order: order.Rejected},
	{From: Releasing, Heard: Released, To: Rejected, Order: order.Rejected},

	{From: Confirmed, Heard: ShippingAsked, To: Shipped, Order: order.Shipped},
	{From: Confirmed, Heard: CancellingAsked, To: Refunding, Order: order.Cancelling},
	{From: Refunding, Heard: Refunded, To: Returning},
	{From: Returning, Heard: Released, To: Cancelled, Order: order.Cancelled},
}

// Next returns the move of a saga at a step that hears of an event, or false when
// it makes none: the event is old, or a repetition.
func (t Table) Next(at Step, heard Event) (Move, bool) {
	for _, m := range t {
		if m.From == at && m.Heard == heard {
			return m, true
		}
	}
	return Move{}, false
}
