// Package hops tells which calls and messages between programs a trace shows, and
// which an order's trace must show.
package hops

import (
	"fmt"
	"slices"
	"strings"

	"triptych/lab/trace"
)

// A Hop is a call or a message from one program to another.
type Hop struct {
	From, To string // services
	What     string // the method, or what was done to the message
}

// String returns the hop as "orders → stock: stock.v1.Stock/Reserve".
func (h Hop) String() string { return fmt.Sprintf("%s → %s: %s", h.From, h.To, h.What) }

// Order is what must be seen when the microservices confirm an order: from the
// gateway to the last event.
var Order = []Hop{
	{"gateway", "orders", "orders.v1.Orders/PlaceOrder"},
	{"orders", "catalogue", "catalogue.v1.Catalogue/GetProducts"},
	{"orders", "payments", "payments.v1.Payments/Authorise"},
	{"orders", "stock", "stock.v1.Stock/Reserve"},
	{"orders", "payments", "payments.v1.Payments/Capture"},
	{"orders", "reports", "process orders"},
}

// Of returns the hops of a trace, in the order in which they arrived.
func Of(t trace.Trace) []Hop {
	by := map[trace.SpanID]*trace.Span{}
	for _, s := range t.Spans {
		by[s.ID] = s
	}
	var found []Hop
	for _, s := range t.Spans {
		if parent := by[s.Parent]; parent != nil && parent.Service != s.Service {
			found = append(found, Hop{parent.Service, s.Service, s.Name})
		}
	}
	return found
}

// Missing returns those of the wanted hops that are not among the seen ones.
func Missing(wanted, seen []Hop) (missing []Hop) {
	for _, h := range wanted {
		if !slices.Contains(seen, h) {
			missing = append(missing, h)
		}
	}
	return missing
}

// List puts hops on a line each.
func List(hops []Hop) string {
	lines := make([]string, len(hops))
	for i, h := range hops {
		lines[i] = h.String()
	}
	return strings.Join(lines, "\n")
}
