package microservices_test

import (
	"context"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"

	"triptych/conformance"
	"triptych/lab/hops"
	lab "triptych/lab/trace"
)

func TestTheMicroservicesKeepTheContract(t *testing.T) {
	s := start(t)
	conformance.Run(t, conformance.Target{
		URL:     s.URL,
		Manager: conformance.Credentials{Email: s.Secrets.ManagerEmail, Password: s.Secrets.ManagerPassword},
	})
	s.audited(t, 2*time.Minute, nil)
}

// One trace tells of an order from the gateway to the last event, with every call
// and message in between.
func TestAnOrderIsOneTrace(t *testing.T) {
	s := start(t)
	s.stocked(t, "TEA", 10)
	header, err := s.customer(t).Do(t.Context(), waiting(orderOf("k", "tok_visa", "TEA", 1), 10), nil)
	if err != nil {
		t.Fatal(err)
	}
	id, err := trace.TraceIDFromHex(header.Get("Trace-Id"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var seen []hops.Hop
	whole, err := s.Traces.Wait(ctx, id, func(so lab.Trace) bool {
		seen = hops.Of(so)
		return lab.Whole(so) && len(hops.Missing(hops.Order, seen)) == 0
	})
	if err != nil {
		t.Fatalf("the trace lacks\n%s\nand has\n%s", hops.List(hops.Missing(hops.Order, seen)), hops.List(seen))
	}
	for _, h := range hops.Order {
		n := 0
		for _, other := range seen {
			if other == h {
				n++
			}
		}
		// Placed and confirmed are two events; everything else is done once.
		if want := 1; n != want && !(h.To == "reports" && n == 2) {
			t.Errorf("%s: %d times", h, n)
		}
	}
	if errors := whole.Errors(); errors > 0 {
		t.Errorf("%d spans failed", errors)
	}
}
