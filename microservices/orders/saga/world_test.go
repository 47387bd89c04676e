package saga

import (
	"fmt"
	"slices"

	"triptych/domain/order"
)

// A world is a few orders that want the same few things, the services that they
// need, and a network between that loses, repeats and reorders what it carries.
type world struct {
	rules    Table
	guesses  bool // a planted bug: who does not answer is taken to have refused
	choose   func(n int) int
	orders   []*placed
	stock    *stock
	payments []*payments // of each order
	calls    []call      // on their way to a service
	answers  []heard     // on their way back
}

type placed struct {
	step   Step
	status order.Status
}

// A call is a command that was sent for an order, at a step.
type call struct {
	order int
	step  Step
}

type heard struct {
	call
	event Event
}

func newWorld(rules Table, choose func(int) int) *world {
	w := &world{rules: rules, choose: choose, stock: &stock{onHand: choose(4), taken: map[int]string{}}}
	w.stock.delivered = w.stock.onHand
	for range 1 + choose(3) {
		w.orders = append(w.orders, &placed{First, order.Pending})
		w.payments = append(w.payments, &payments{refuses: choose(5) == 0})
	}
	return w
}

// act has one thing happen, of all that can.
func (w *world) act() {
	i := w.choose(len(w.orders))
	switch w.choose(10) {
	case 0, 1: // the loop asks, or another that has taken the saga up
		w.send(i)
	case 2, 3:
		w.carry(w.choose(2) == 0)
	case 4, 5:
		w.hear(w.choose(4) == 0)
	case 6: // a call or an answer is lost
		w.lose()
	case 7: // somebody wants something of the order
		if w.choose(5) == 0 {
			w.move(i, []Event{ShippingAsked, CancellingAsked}[w.choose(2)])
		}
	case 8:
		if w.choose(20) == 0 {
			w.payments[i].lapse()
		}
	case 9: // the process dies: nobody waits for the answers any more
		w.answers = nil
	}
}

func (w *world) send(i int) {
	if s := w.orders[i].step; !s.Rests() {
		w.calls = append(w.calls, call{i, s})
	}
}

// carry brings some call to its service, and its answer on its way; or brings the
// call twice.
func (w *world) carry(again bool) {
	if len(w.calls) == 0 {
		return
	}
	n := w.choose(len(w.calls))
	c := w.calls[n]
	if !again {
		w.calls = slices.Delete(w.calls, n, n+1)
	}
	w.answers = append(w.answers, heard{c, w.serve(c)})
}

func (w *world) serve(c call) Event {
	switch c.step.Command() {
	case Reserve:
		return w.stock.reserve(c.order)
	case Release:
		return w.stock.release(c.order)
	default:
		return w.payments[c.order].do(c.step.Command())
	}
}

// hear has some answer arrive, or arrive twice. It counts only while the saga is
// where it was asked.
func (w *world) hear(again bool) {
	if len(w.answers) == 0 {
		return
	}
	n := w.choose(len(w.answers))
	h := w.answers[n]
	if !again {
		w.answers = slices.Delete(w.answers, n, n+1)
	}
	if w.orders[h.order].step == h.step {
		w.move(h.order, h.event)
	}
}

func (w *world) lose() {
	n := len(w.calls) + len(w.answers)
	if n == 0 {
		return
	}
	var lost call
	if n = w.choose(n); n < len(w.calls) {
		lost = w.calls[n]
		w.calls = slices.Delete(w.calls, n, n+1)
	} else {
		n -= len(w.calls)
		lost = w.answers[n].call
		w.answers = slices.Delete(w.answers, n, n+1)
	}
	refusals := map[Step]Event{Authorising: Declined, Reserving: Short, Capturing: Lapsed}
	if w.guesses && w.orders[lost.order].step == lost.step {
		w.move(lost.order, refusals[lost.step])
	}
}

func (w *world) move(i int, e Event) {
	o := w.orders[i]
	if m, ok := w.rules.Next(o.step, e); ok {
		o.step = m.To
		if m.Order != "" {
			o.status = m.Order
		}
	}
}

// heal has everything that is on its way arrive, and the loop ask until every
// saga rests. It returns false when they do not come to rest.
func (w *world) heal() bool {
	for range 100 * len(w.orders) {
		for len(w.calls)+len(w.answers) > 0 {
			w.carry(false)
			w.hear(false)
		}
		if !slices.ContainsFunc(w.orders, func(o *placed) bool { return !o.step.Rests() }) {
			return true
		}
		w.send(w.choose(len(w.orders)))
	}
	return false
}

// wrong says what must not be, once every saga rests.
func (w *world) wrong() error {
	held := 0
	for i, o := range w.orders {
		p := w.payments[i]
		taken := o.status == order.Confirmed || o.status == order.Shipped
		if taken {
			held++
		}
		switch has := w.stock.taken[i] == "taken"; {
		case o.status == order.Pending || o.status == order.Cancelling:
			return fmt.Errorf("order %d rests at %s and is %s", i, o.step, o.status)
		case has != taken:
			return fmt.Errorf("order %d is %s, and has its stock: %v", i, o.status, has)
		case (p.captures-p.refunds == 1) != taken:
			return fmt.Errorf("order %d is %s, and was charged %d times and refunded %d times", i, o.status, p.captures, p.refunds)
		case p.captures > 1 || p.refunds > 1:
			return fmt.Errorf("order %d was charged %d times and refunded %d times", i, p.captures, p.refunds)
		case p.status == "authorised":
			return fmt.Errorf("order %d is %s, and money is set aside for it", i, o.status)
		}
	}
	if w.stock.onHand < 0 || w.stock.onHand+held != w.stock.delivered {
		return fmt.Errorf("%d were delivered, %d are on hand, %d orders have one", w.stock.delivered, w.stock.onHand, held)
	}
	return nil
}

// stock is the service of that name, as its .proto file promises it to be.
type stock struct {
	delivered, onHand int
	taken             map[int]string // by order: taken, short or released
}

func (s *stock) reserve(order int) Event {
	if s.taken[order] == "" {
		s.taken[order] = "short"
		if s.onHand > 0 {
			s.onHand--
			s.taken[order] = "taken"
		}
	}
	if s.taken[order] == "taken" {
		return Reserved
	}
	return Short
}

func (s *stock) release(order int) Event {
	if s.taken[order] == "taken" {
		s.onHand++
	}
	s.taken[order] = "released"
	return Released
}

// payments is what the service of that name knows of one order.
type payments struct {
	refuses           bool
	status            string // declined, authorised, lapsed, captured, voided or refunded
	captures, refunds int
}

func (p *payments) do(c Command) Event {
	switch c {
	case Authorise:
		if p.status == "" {
			p.status = "authorised"
			if p.refuses {
				p.status = "declined"
			}
		}
		if p.status == "declined" {
			return Declined
		}
		return Approved
	case Capture:
		if p.status == "authorised" {
			p.status = "captured"
			p.captures++
		}
		if p.status == "captured" {
			return Captured
		}
		return Lapsed
	case Void:
		if p.status != "captured" {
			p.status = "voided"
		}
		return Voided
	default: // Refund
		if p.status == "captured" {
			p.status = "refunded"
			p.refunds++
		}
		return Refunded
	}
}

func (p *payments) lapse() {
	if p.status == "authorised" {
		p.status = "lapsed"
	}
}
