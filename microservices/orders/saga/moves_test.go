package saga

import (
	"slices"
	"testing"

	"triptych/domain/order"
)

// effects is what an event says was done: what is held from then on, and what is
// not any more.
var effects = map[Event]struct{ takes, gives []Command }{
	Approved: {takes: []Command{Authorise}},
	Reserved: {takes: []Command{Reserve}},
	Captured: {takes: []Command{Capture}, gives: []Command{Authorise}},
	Lapsed:   {gives: []Command{Authorise}},
	Voided:   {gives: []Command{Authorise}},
	Released: {gives: []Command{Reserve}},
	Refunded: {gives: []Command{Capture}},
}

// There are few enough ways through the table to try all of them: each ends, and
// where it ends, an order holds its stock and its payment, or neither.
func TestEveryWayEndsWithAllOrNothing(t *testing.T) {
	ends := map[Step]int{}
	var walk func(at Step, held []Command, way []Step)
	walk = func(at Step, held []Command, way []Step) {
		if slices.Contains(way, at) {
			t.Fatalf("%v leads back to %s", way, at)
		}
		way = append(slices.Clone(way), at)
		if at.Rests() {
			ends[at]++
			var want []Command
			if at == Confirmed || at == Shipped {
				want = []Command{Reserve, Capture}
			}
			if !slices.Equal(held, want) {
				t.Errorf("%v: the order holds %v, want %v", way, held, want)
			}
		}
		for _, m := range Moves {
			if m.From == at {
				walk(m.To, after(held, m.Heard), way)
			}
		}
	}
	walk(First, nil, nil)
	for _, s := range []Step{Confirmed, Shipped, Cancelled} {
		if ends[s] != 1 {
			t.Errorf("%d ways lead to %s, want one", ends[s], s)
		}
	}
	if ends[Rejected] != 3 { // declined, short, lapsed
		t.Errorf("%d ways lead to a rejection, want three", ends[Rejected])
	}
}

func after(held []Command, heard Event) []Command {
	e := effects[heard]
	held = slices.DeleteFunc(slices.Clone(held), func(c Command) bool { return slices.Contains(e.gives, c) })
	return append(held, e.takes...)
}

// What can be done can be undone, and on some way it is.
func TestEveryCommandHasACompensation(t *testing.T) {
	for step, c := range commands {
		undo := c.Compensation()
		undoes := slices.Contains([]Command{Void, Release, Refund}, c)
		if (undo == "") != undoes {
			t.Errorf("%s is undone by %q", c, undo)
		}
		if undo == "" {
			continue
		}
		if !slices.ContainsFunc(Steps, func(s Step) bool { return s.Command() == undo && leads(step, s) }) {
			t.Errorf("no way leads from %s to %s", step, undo)
		}
	}
}

// leads reports whether there is a way from one step to another.
func leads(from, to Step) bool {
	return from == to || slices.ContainsFunc(Moves, func(m Move) bool { return m.From == from && leads(m.To, to) })
}

// The order's own rules allow the moves that the saga makes of it.
func TestTheOrderMayMakeTheMovesOfItsSaga(t *testing.T) {
	var walk func(at Step, status order.Status)
	walk = func(at Step, status order.Status) {
		if settled := at.Rests(); status.Settled() != settled {
			t.Errorf("at %s the order is %s", at, status)
		}
		for _, m := range Moves {
			switch {
			case m.From != at:
			case m.Order == "":
				walk(m.To, status)
			case status.May(m.Order):
				walk(m.To, m.Order)
			default:
				t.Errorf("from %s to %s the order would go from %s to %s", at, m.To, status, m.Order)
			}
		}
	}
	walk(First, order.Pending)
}

func TestOldAndRepeatedEventsMoveNothing(t *testing.T) {
	want := map[Step][]Event{
		Authorising: {Approved, Declined},
		Reserving:   {Reserved, Short},
		Capturing:   {Captured, Lapsed},
		Voiding:     {Voided},
		Releasing:   {Released},
		Refunding:   {Refunded},
		Returning:   {Released},
		Confirmed:   {ShippingAsked, CancellingAsked},
		Rejected:    nil,
		Shipped:     nil,
		Cancelled:   nil,
	}
	events := []Event{Approved, Declined, Reserved, Short, Captured, Lapsed, Voided, Released, Refunded, ShippingAsked, CancellingAsked}
	for _, s := range Steps {
		for _, e := range events {
			m, moves := Moves.Next(s, e)
			if moves != slices.Contains(want[s], e) {
				t.Errorf("at %s, %s: moves to %q", s, e, m.To)
			}
		}
	}
}
