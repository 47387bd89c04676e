package main

import (
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/fault"
	"triptych/domain/order"
	"triptych/internal/postgres"
	"triptych/store/carts"
	"triptych/store/idempotency"
)

func TestAnOrderTakesStockAndPaymentTogether(t *testing.T) {
	s := open(t)
	by := customer(t, s)
	product(t, s, "TEA", 250, 20)
	product(t, s, "MUG", 899, 5)
	o, replayed, err := s.PlaceOrder(t.Context(), by, once(), draft("TEA", 10, "MUG", 1), 0)
	if err != nil || replayed {
		t.Fatal(replayed, err)
	}
	// 10 × 250 less a tenth, 1 × 899, and shipping, as it is below £50.
	if o.Status != order.Confirmed || o.Total != 2250+899+395 || o.Discount != 250 {
		t.Errorf("got %s, total %s, discount %s", o.Status, o.Total, o.Discount)
	}
	if tea, mug := onHand(t, s, "TEA"), onHand(t, s, "MUG"); tea != 10 || mug != 4 {
		t.Errorf("on hand: %d of TEA, %d of MUG; want 10 and 4", tea, mug)
	}
	checkBooks(t, s)
}

func TestAnOrderThatCannotBeFulfilledTakesNothing(t *testing.T) {
	s := open(t)
	by := customer(t, s)
	product(t, s, "TEA", 250, 20)
	product(t, s, "MUG", 899, 1)
	declined := draft("TEA", 1)
	declined.Token = "tok_declined"
	for reason, d := range map[string]order.Draft{
		"out_of_stock":     draft("TEA", 2, "MUG", 2),
		"payment_declined": declined,
	} {
		o, _, err := s.PlaceOrder(t.Context(), by, once(), d, 0)
		if err != nil {
			t.Fatal(err)
		}
		if o.Status != order.Rejected || o.Reason == nil || o.Reason.Code != reason {
			t.Errorf("want rejected for %s, got %s, %+v", reason, o.Status, o.Reason)
		}
	}
	if tea, mug := onHand(t, s, "TEA"), onHand(t, s, "MUG"); tea != 20 || mug != 1 {
		t.Errorf("on hand: %d of TEA, %d of MUG; want 20 and 1", tea, mug)
	}
	checkBooks(t, s)
}

// Buyers of the same products in different orders would deadlock, or sell what
// is not there, if stock were taken line by line as the customer lists it.
func TestBuyersWhoRaceForStock(t *testing.T) {
	s := open(t)
	skus := []string{"AAA", "BBB", "CCC"}
	for _, sku := range skus {
		product(t, s, sku, 100, 100)
	}
	by := customer(t, s)
	var confirmed, rejected int
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 150 {
		wg.Go(func() {
			d := draft(skus[i%3], 1, skus[(i+1)%3], 1) // AB, BC, CA: a ring
			o, _, err := s.PlaceOrder(t.Context(), by, once(), d, 0)
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if o.Status == order.Confirmed {
				confirmed++
			} else {
				rejected++
			}
		})
	}
	wg.Wait()
	if confirmed != 150 {
		t.Errorf("%d confirmed, %d rejected; there was enough for all 150", confirmed, rejected)
	}
	for _, sku := range skus {
		if n := onHand(t, s, sku); n != 0 {
			t.Errorf("%d of %s left, want none", n, sku)
		}
	}
	o, _, err := s.PlaceOrder(t.Context(), by, once(), draft("AAA", 1), 0)
	if err != nil || o.Status != order.Rejected {
		t.Errorf("one more: got %s, %v; want rejected", o.Status, err)
	}
	checkBooks(t, s)
}

func TestOneKeyMakesOneOrder(t *testing.T) {
	s := open(t)
	product(t, s, "TEA", 250, 1000)
	by := customer(t, s)
	request := once()
	ids := make(chan uuid.UUID, 50)
	var wg sync.WaitGroup
	for range cap(ids) {
		wg.Go(func() {
			o, _, err := s.PlaceOrder(t.Context(), by, request, draft("TEA", 1), 0)
			if err != nil {
				t.Error(err)
			}
			ids <- o.ID
		})
	}
	wg.Wait()
	close(ids)
	first := <-ids
	for id := range ids {
		if id != first {
			t.Errorf("two orders of one key: %s and %s", first, id)
		}
	}
	if n := onHand(t, s, "TEA"); n != 999 {
		t.Errorf("%d on hand, want 999", n)
	}
	other := request
	other.Fingerprint[0]++
	if _, _, err := s.PlaceOrder(t.Context(), by, other, draft("TEA", 2), 0); !fault.Is(err, "idempotency_key_reused") {
		t.Errorf("another request under the same key: got %v", err)
	}
	if _, _, err := s.PlaceOrder(t.Context(), customer(t, s), other, draft("TEA", 2), 0); err != nil {
		t.Errorf("another account's same key: %v", err)
	}
	checkBooks(t, s)
}

// Two processes on one database do not share the turns in memory: there the
// database decides.
func TestOneKeyMakesOneOrderAcrossProcesses(t *testing.T) {
	s := open(t)
	product(t, s, "TEA", 250, 1000)
	by := customer(t, s)
	request := once()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			process := newShop(s.db, s.tokens)
			if _, _, err := process.PlaceOrder(t.Context(), by, request, draft("TEA", 1), 0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := onHand(t, s, "TEA"); n != 999 {
		t.Errorf("%d on hand, want 999", n)
	}
	checkBooks(t, s)
}

func TestACancelledOrderGivesBackOnce(t *testing.T) {
	s := open(t)
	product(t, s, "TEA", 250, 10)
	by := customer(t, s)
	o, _, err := s.PlaceOrder(t.Context(), by, once(), draft("TEA", 3), 0)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := s.CancelOrder(t.Context(), by, o.ID); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := onHand(t, s, "TEA"); n != 10 {
		t.Errorf("%d on hand, want 10", n)
	}
	if _, err := s.ShipOrder(t.Context(), o.ID); !fault.Is(err, "order_rejected") {
		t.Errorf("shipping it: got %v, want order_rejected", err)
	}
	checkBooks(t, s)
}

func TestShippingAndCancellingRace(t *testing.T) {
	s := open(t)
	product(t, s, "TEA", 250, 100)
	by := customer(t, s)
	for range 10 {
		o, _, err := s.PlaceOrder(t.Context(), by, once(), draft("TEA", 1), 0)
		if err != nil {
			t.Fatal(err)
		}
		var cancelled, shipped error
		var wg sync.WaitGroup
		wg.Go(func() { _, cancelled = s.CancelOrder(t.Context(), by, o.ID) })
		wg.Go(func() { _, shipped = s.ShipOrder(t.Context(), o.ID) })
		wg.Wait()
		if (cancelled == nil) == (shipped == nil) {
			t.Errorf("want one of the two: cancel %v, ship %v", cancelled, shipped)
		}
	}
	checkBooks(t, s)
}

func TestTheCartIsEmptiedOnlyByAConfirmedOrder(t *testing.T) {
	s := open(t)
	product(t, s, "TEA", 250, 2)
	by := customer(t, s)
	if _, err := s.SetCartLine(t.Context(), by.Account, order.Item{SKU: "TEA", Quantity: 2}); err != nil {
		t.Fatal(err)
	}
	d := draft()
	d.FromCart, d.Token = true, "tok_declined"
	if o, _, err := s.PlaceOrder(t.Context(), by, once(), d, 0); err != nil || o.Status != order.Rejected {
		t.Fatal(o.Status, err)
	}
	if lines, err := s.Cart(t.Context(), by.Account); err != nil || len(lines) != 1 {
		t.Fatalf("after a rejected order: %v, %v; want the line still there", lines, err)
	}
	d.Token = "tok_visa"
	if o, _, err := s.PlaceOrder(t.Context(), by, once(), d, 0); err != nil || o.Status != order.Confirmed {
		t.Fatal(o.Status, err)
	}
	if lines, err := s.Cart(t.Context(), by.Account); err != nil || len(lines) != 0 {
		t.Fatalf("after a confirmed order: %v, %v; want no line", lines, err)
	}
	if _, _, err := s.PlaceOrder(t.Context(), by, once(), d, 0); !fault.Is(err, "invalid") {
		t.Errorf("ordering an empty cart: got %v, want invalid", err)
	}
	checkBooks(t, s)
}

// Who orders the cart twice at once, with two keys, has it once: as if the
// second order had come after the first.
func TestACartThatIsOrderedTwiceAtOnceIsBoughtOnce(t *testing.T) {
	s := open(t)
	product(t, s, "TEA", 250, 50)
	product(t, s, "MUG", 899, 50)
	by := customer(t, s)
	d := draft()
	d.FromCart = true
	for range 10 {
		for _, sku := range []string{"TEA", "MUG"} {
			if _, err := s.SetCartLine(t.Context(), by.Account, order.Item{SKU: sku, Quantity: 1}); err != nil {
				t.Fatal(err)
			}
		}
		var errs [2]error
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { _, _, errs[i] = s.PlaceOrder(t.Context(), by, once(), d, 0) })
		}
		wg.Wait()
		if fault.Is(errs[0], "invalid") {
			slices.Reverse(errs[:])
		}
		if errs[0] != nil || !fault.Is(errs[1], "invalid") {
			t.Fatalf("want one order and one empty cart, got %v", errs)
		}
	}
	if tea, mug := onHand(t, s, "TEA"), onHand(t, s, "MUG"); tea != 40 || mug != 40 {
		t.Errorf("on hand: %d of TEA, %d of MUG; want 40 of each", tea, mug)
	}
	checkBooks(t, s)
}

// While the payment is being authorised, the customer goes on shopping.
func TestWhatIsAddedToTheCartMeanwhileStays(t *testing.T) {
	s := open(t)
	product(t, s, "TEA", 250, 5)
	product(t, s, "MUG", 899, 5)
	by := customer(t, s)
	put := func(sku string) {
		t.Helper()
		if _, err := s.SetCartLine(t.Context(), by.Account, order.Item{SKU: sku, Quantity: 1}); err != nil {
			t.Fatal(err)
		}
	}
	put("TEA")
	d := draft()
	d.FromCart = true
	pending, err := s.price(t.Context(), idempotency.Request{Account: by.Account, At: postgres.Now()}, d)
	if err != nil {
		t.Fatal(err)
	}
	put("MUG")
	err = postgres.InTx(t.Context(), s.db, func(tx pgx.Tx) error {
		return carts.Bought(t.Context(), tx, by.Account, pending.Lines)
	})
	if err != nil {
		t.Fatal(err)
	}
	lines, err := s.Cart(t.Context(), by.Account)
	if err != nil || len(lines) != 1 || lines[0].SKU != "MUG" {
		t.Errorf("left in the cart: %+v, %v; want MUG", lines, err)
	}
}
