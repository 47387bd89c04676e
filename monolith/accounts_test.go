package main

import (
	"sync"
	"sync/atomic"
	"testing"

	"triptych/api"
	"triptych/domain/account"
	"triptych/domain/fault"
	"triptych/domain/order"
)

func TestTheFirstManagerIsMadeOnce(t *testing.T) {
	s := open(t)
	for range 2 {
		if err := s.createManager(t.Context(), "boss@example.com", "a good password"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.createManager(t.Context(), "boss@example.com", "short"); err != nil {
		t.Errorf("a manager that there is: %v", err)
	}
	if err := s.createManager(t.Context(), "nobody", "short"); !fault.Is(err, "invalid") {
		t.Errorf("a manager who breaks the rules of accounts: %v", err)
	}
}

// A shop whose manager turned out to be a customer would have nobody to run it.
func TestACustomerIsNotMadeManager(t *testing.T) {
	s := open(t)
	if _, err := s.CreateAccount(t.Context(), account.New{Email: "ada@example.com", Password: "a good password", Name: "Ada"}); err != nil {
		t.Fatal(err)
	}
	if err := s.createManager(t.Context(), "Ada@example.com", "a good password"); err == nil {
		t.Error("the shop starts without a manager")
	}
}

// Guesses that come all at once must not slip past a count that none of them
// has reached yet.
func TestGuessesAtOnceAreAllCounted(t *testing.T) {
	s := open(t)
	var guessed, stopped atomic.Int32
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			switch _, _, err := s.SignIn(t.Context(), "ada@example.com", "a wild guess"); {
			case fault.Is(err, "unauthenticated"):
				guessed.Add(1)
			case fault.Is(err, "too_many_attempts"):
				stopped.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if guessed.Load() != account.MaxFailures || stopped.Load() != 40-account.MaxFailures {
		t.Errorf("%d guesses were looked at and %d stopped, want %d and %d", guessed.Load(), stopped.Load(), account.MaxFailures, 40-account.MaxFailures)
	}
}

// A token may outlive its account when the data is thrown away and the key
// kept. That is no mistake of ours.
func TestATokenWithoutAnAccountIsNobodys(t *testing.T) {
	s := open(t)
	product(t, s, "TEA", 250, 5)
	nobody := api.Caller{Account: newID(), Role: account.Customer}
	_, err := s.SetCartLine(t.Context(), nobody.Account, order.Item{SKU: "TEA", Quantity: 1})
	if !fault.Is(translate(err), "unauthenticated") {
		t.Errorf("a cart: %v", err)
	}
	_, _, err = s.PlaceOrder(t.Context(), nobody, once(), draft("TEA", 1), 0)
	if !fault.Is(translate(err), "unauthenticated") {
		t.Errorf("an order: %v", err)
	}
	checkBooks(t, s)
}
