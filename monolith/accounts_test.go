package main

import (
	"testing"

	"triptych/domain/account"
	"triptych/domain/fault"
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
