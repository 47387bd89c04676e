package main

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"triptych/domain/account"
	"triptych/domain/fault"
	accountsv1 "triptych/proto/accounts/v1"
)

func TestSigningIn(t *testing.T) {
	s, c := open(t)
	made := create(t, c, "Ada@example.com")
	r, err := c.SignIn(t.Context(), &accountsv1.SignInRequest{Email: "ada@EXAMPLE.com", Password: secret})
	if err != nil {
		t.Fatal(err)
	}
	id, role, err := s.tokens.Verifier().Verify(r.Token)
	if id.String() != made.Id || role != "customer" || err != nil {
		t.Errorf("the token is of %s, a %s, %v", id, role, err)
	}
	if left := time.Until(r.ExpiresAt.AsTime()); left > time.Hour || left < time.Hour-time.Minute {
		t.Errorf("it expires in %v", left)
	}
}

// Who guesses hears the same whether there is such an account or not.
func TestAWrongAddressAndAWrongPasswordAreAnsweredAlike(t *testing.T) {
	_, c := open(t)
	create(t, c, "ada@example.com")
	_, there := c.SignIn(t.Context(), &accountsv1.SignInRequest{Email: "ada@example.com", Password: "another password"})
	_, not := c.SignIn(t.Context(), &accountsv1.SignInRequest{Email: "bob@example.com", Password: "another password"})
	for _, err := range []error{there, not} {
		if f := fault.From(err); f == nil || f.Code != "unauthenticated" || f.Detail != fault.From(there).Detail {
			t.Errorf("got %v", err)
		}
	}
}

// Hashing is what takes time, and it is done for those who are nobody too. On a
// busy machine it takes a few rounds to see how long it takes by itself.
func TestANobodysPasswordTakesAsLong(t *testing.T) {
	s, c := open(t)
	create(t, c, "ada@example.com")
	took := func(email string) time.Duration {
		began := time.Now()
		if _, ok, err := s.match(t.Context(), email, "another password"); ok || err != nil {
			t.Errorf("%s: %v, %v", email, ok, err)
		}
		return time.Since(began)
	}
	there, not := time.Hour, time.Hour
	for range 50 {
		there, not = min(there, took("ada@example.com")), min(not, took("bob@example.com"))
		if not >= there/4 { // without hashing it is a twentieth
			return
		}
	}
	t.Errorf("of an account it takes %v, of none %v", there, not)
}

// Guesses that come all at once must not slip past a count that none of them
// has reached yet; and then also the right password is not looked at.
func TestGuessesAtOnceAreAllCounted(t *testing.T) {
	_, c := open(t)
	create(t, c, "ada@example.com")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var guessed, stopped atomic.Int32
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() {
			_, err := c.SignIn(ctx, &accountsv1.SignInRequest{Email: "ada@example.com", Password: "a wild guess"})
			switch {
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
	_, err := c.SignIn(ctx, &accountsv1.SignInRequest{Email: "Ada@example.com", Password: secret})
	if f := fault.From(err); f == nil || f.Code != "too_many_attempts" || f.RetryAfter != account.FailureWindow {
		t.Errorf("the right one: %v", err)
	}
	if _, err := c.SignIn(ctx, &accountsv1.SignInRequest{Email: "bob@example.com", Password: secret}); !fault.Is(err, "unauthenticated") {
		t.Errorf("another address: %v", err)
	}
}

// What is no address can be no account's, and is not kept.
func TestFailuresOfNoAddressAreNotKept(t *testing.T) {
	s, c := open(t)
	if _, err := c.SignIn(t.Context(), &accountsv1.SignInRequest{Email: "nobody", Password: secret}); !fault.Is(err, "unauthenticated") {
		t.Error(err)
	}
	var n int
	if err := s.db.QueryRow(t.Context(), `SELECT count(*) FROM sign_in_failures`).Scan(&n); err != nil || n != 0 {
		t.Errorf("%d are kept, %v", n, err)
	}
}
