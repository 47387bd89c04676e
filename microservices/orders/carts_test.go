package main

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"triptych/domain/fault"
	"triptych/internal/waittest"
	cartsv1 "triptych/proto/carts/v1"
	ordersv1 "triptych/proto/orders/v1"
)

// put sets a line of a cart.
func (p *process) put(t *testing.T, account uuid.UUID, sku string, quantity int32) {
	t.Helper()
	_, err := p.carts.SetLine(t.Context(), &cartsv1.SetLineRequest{AccountId: account.String(), Sku: sku, Quantity: quantity})
	if err != nil {
		t.Fatal(err)
	}
}

// cart returns a cart, as one line of text.
func (p *process) cart(t *testing.T, account uuid.UUID) string {
	t.Helper()
	c, err := p.carts.GetCart(t.Context(), &cartsv1.GetCartRequest{AccountId: account.String()})
	if err != nil {
		t.Fatal(err)
	}
	return told(c.GetLines())
}

func told(lines []*ordersv1.Line) (s string) {
	for _, l := range lines {
		s += fmt.Sprintf("%d %s %d; ", l.GetQuantity(), l.GetSku(), l.GetTotal())
	}
	return s
}

func TestACartHasTodaysPrices(t *testing.T) {
	s := open(t)
	s.product("TEA", 250, 10)
	s.product("MUG", 899, 10)
	ada := uuid.New()
	if got := s.cart(t, ada); got != "" {
		t.Errorf("a new cart: got %s", got)
	}
	s.put(t, ada, "TEA", 1)
	s.put(t, ada, "MUG", 2)
	s.put(t, ada, "TEA", 10)
	if got, want := s.cart(t, ada), "10 TEA 2250; 2 MUG 1798; "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	s.product("MUG", 900, 10)
	s.put(t, ada, "TEA", 0)
	if got, want := s.cart(t, ada), "2 MUG 1800; "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for sku, quantity := range map[string]int32{"COFFEE": 1, "coffee": 0} {
		_, err := s.carts.SetLine(t.Context(), &cartsv1.SetLineRequest{AccountId: ada.String(), Sku: sku, Quantity: quantity})
		if !fault.Is(err, "not_found") {
			t.Errorf("%s, which there is not: got %v", sku, err)
		}
	}
	_, err := s.carts.SetLine(t.Context(), &cartsv1.SetLineRequest{AccountId: ada.String(), Sku: "TEA", Quantity: 100})
	if !fault.Is(err, "invalid") {
		t.Errorf("a hundred: got %v", err)
	}
	if _, err := s.carts.Clear(t.Context(), &cartsv1.ClearRequest{AccountId: ada.String()}); err != nil || s.cart(t, ada) != "" {
		t.Errorf("cleared: %v, and holds %s", err, s.cart(t, ada))
	}
}

func TestTheCartIsEmptiedOnlyByAConfirmedOrder(t *testing.T) {
	s := open(t)
	s.product("TEA", 250, 10)
	ada := uuid.New()
	s.put(t, ada, "TEA", 2)
	declined := request(ada)
	declined.PaymentToken = "tok_declined"
	if o := s.buy(t, declined); o.GetStatus() != "rejected" || s.cart(t, ada) == "" {
		t.Fatalf("after a rejected order, %v, the cart holds %q", o, s.cart(t, ada))
	}
	if o := s.buy(t, request(ada)); o.GetStatus() != "confirmed" || told(o.GetLines()) != "2 TEA 500; " {
		t.Fatalf("got %v", o)
	}
	if got := s.cart(t, ada); got != "" {
		t.Errorf("after a confirmed order: got %s", got)
	}
	if _, err := s.orders.PlaceOrder(t.Context(), request(ada)); !fault.Is(err, "invalid") {
		t.Errorf("ordering an empty cart: got %v, want invalid", err)
	}
	s.checkBooks(t)
}

// While the payment is being authorised, the customer goes on shopping: what was
// ordered is ordered, and what was added or changed stays.
func TestACartThatChangesMeanwhile(t *testing.T) {
	s := open(t)
	for _, sku := range []string{"TEA", "MUG", "POT", "CUP"} {
		s.product(sku, 100, 10)
	}
	ada := uuid.New()
	for _, sku := range []string{"TEA", "MUG", "POT"} {
		s.put(t, ada, sku, 1)
	}
	thinking := make(chan struct{})
	s.plant("Authorise", trouble{hang: thinking})
	id := s.place(t, request(ada))
	s.awaitCall(t, "Authorise", 1)
	s.put(t, ada, "MUG", 5)
	s.put(t, ada, "POT", 0)
	s.put(t, ada, "CUP", 1)
	close(thinking)
	if o := s.settled(t, id); o.GetStatus() != "confirmed" || told(o.GetLines()) != "1 TEA 100; 1 MUG 100; 1 POT 100; " {
		t.Errorf("got %v", o)
	}
	if got, want := s.cart(t, ada), "5 MUG 500; 1 CUP 100; "; got != want {
		t.Errorf("the cart holds %s, want %s", got, want)
	}
	s.checkBooks(t)
}

// Who orders the cart several times at once, with several keys and in two
// processes, has it once: as if the other orders had come after the first.
func TestACartThatIsOrderedAtOnceIsBoughtOnce(t *testing.T) {
	s := open(t)
	other := s.start(t)
	waittest.Beside(t, other.server.loop.run)
	s.product("TEA", 250, 100)
	ada := uuid.New()
	for n := range 3 {
		s.put(t, ada, "TEA", 1)
		var mu sync.Mutex
		orders, empty := 0, 0
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				_, err := []*process{s.process, other}[i%2].orders.PlaceOrder(t.Context(), request(ada))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					orders++
				case fault.Is(err, "invalid"):
					empty++
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if orders != 1 || empty != 3 {
			t.Errorf("round %d: %d orders, and %d found the cart empty; want 1 and 3", n, orders, empty)
		}
	}
	if n := s.left("TEA"); n != 97 {
		t.Errorf("%d on hand, want 97", n)
	}
	s.checkBooks(t)
}

// An order of a cart that comes to nothing leaves the cart to the next, which
// has waited for it.
func TestAnOrderOfTheCartWaitsForTheOneBefore(t *testing.T) {
	s := open(t)
	s.product("TEA", 250, 10)
	ada := uuid.New()
	s.put(t, ada, "TEA", 1)
	thinking := make(chan struct{})
	s.plant("Authorise", trouble{hang: thinking})
	declined := request(ada)
	declined.PaymentToken = "tok_declined"
	first := s.place(t, declined)
	s.awaitCall(t, "Authorise", 1)

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // while the first waits for four
	defer cancel()
	_, err := s.orders.PlaceOrder(ctx, request(ada))
	if f := fault.From(err); f.Code != "request_in_progress" || f.RetryAfter == 0 {
		t.Errorf("who has no time to wait: got %v, try again after %v", err, f.RetryAfter)
	}
	waited := make(chan error, 1)
	next := request(ada)
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		_, err := s.orders.PlaceOrder(ctx, next)
		waited <- err
	}()
	elsewhere := request(uuid.New(), "TEA", 1)
	if o := s.buy(t, elsewhere); o.GetStatus() != "confirmed" {
		t.Errorf("another's order meanwhile: got %v", o)
	}
	select {
	case err := <-waited:
		t.Errorf("the second order did not wait: %v", err)
	default:
	}
	close(thinking)
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	if o := s.settled(t, first); o.GetStatus() != "rejected" {
		t.Errorf("the first: got %v", o)
	}
	if o := s.buy(t, next); o.GetStatus() != "confirmed" {
		t.Errorf("the next: got %v", o)
	}
	s.checkBooks(t)
}
