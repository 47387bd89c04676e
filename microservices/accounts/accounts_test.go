package main

import (
	"bytes"
	"encoding/base64"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc"

	"triptych/domain/account"
	"triptych/domain/fault"
	"triptych/internal/env"
	"triptych/internal/password"
	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
	"triptych/internal/rpc/rpctest"
	"triptych/internal/token"
	"triptych/internal/turns"
	accountsv1 "triptych/proto/accounts/v1"
	"triptych/store/accounts"
)

// open returns the service with a database of the test's own, and a client that
// calls it as the gateway does.
func open(t testing.TB) (*server, accountsv1.AccountsClient) {
	t.Helper()
	tokens, err := token.NewSigner(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	s := &server{db: pgtest.New(t, accounts.Schema), tokens: tokens, passwords: password.NewHasher(), signingIn: turns.New()}
	return s, accountsv1.NewAccountsClient(rpctest.Serve(t, "accounts", "gateway", func(r grpc.ServiceRegistrar) {
		accountsv1.RegisterAccountsServer(r, s)
	}))
}

const secret = "a good password"

func create(t *testing.T, c accountsv1.AccountsClient, email string) *accountsv1.Account {
	t.Helper()
	a, err := c.CreateAccount(t.Context(), &accountsv1.CreateAccountRequest{Email: email, Password: secret, Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAnAccountIsMadeAndFound(t *testing.T) {
	_, c := open(t)
	made := create(t, c, "Ada@example.com")
	found, err := c.GetAccount(t.Context(), &accountsv1.GetAccountRequest{Id: made.Id})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range []*accountsv1.Account{made, found} {
		if a.Id != made.Id || a.Email != "Ada@example.com" || a.Name != "Ada" || a.Role != "customer" {
			t.Errorf("got %v", a)
		}
	}
	_, err = c.CreateAccount(t.Context(), &accountsv1.CreateAccountRequest{Email: "ada@example.com", Password: secret, Name: "Ada"})
	if !fault.Is(err, "email_taken") {
		t.Errorf("again: %v", err)
	}
	_, err = c.CreateAccount(t.Context(), &accountsv1.CreateAccountRequest{Email: "ada", Password: "short"})
	if f := fault.From(err); f == nil || f.Code != "invalid" || len(f.Fields) != 3 {
		t.Errorf("an account that breaks every rule: %v", err)
	}
	for id, code := range map[string]string{uuid.NewString(): "not_found", "": "invalid", "1": "invalid"} {
		if _, err := c.GetAccount(t.Context(), &accountsv1.GetAccountRequest{Id: id}); !fault.Is(err, code) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func TestTheFirstManagerIsMadeOnce(t *testing.T) {
	s, c := open(t)
	for range 2 {
		if err := s.createManager(t.Context(), "boss@example.com", secret); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.createManager(t.Context(), "boss@example.com", "short"); err != nil {
		t.Errorf("a manager that there is: %v", err)
	}
	if err := s.createManager(t.Context(), "nobody", "short"); !fault.Is(err, "invalid") {
		t.Errorf("a manager who breaks the rules of accounts: %v", err)
	}
	r, err := c.SignIn(t.Context(), &accountsv1.SignInRequest{Email: "boss@example.com", Password: secret})
	if err != nil {
		t.Fatal(err)
	}
	if _, role, err := s.tokens.Verifier().Verify(r.Token); role != string(account.Manager) || err != nil {
		t.Errorf("signs in as a %s, %v", role, err)
	}
}

// A shop whose manager turned out to be a customer would have nobody to run it.
func TestACustomerIsNotMadeManager(t *testing.T) {
	s, c := open(t)
	create(t, c, "ada@example.com")
	if err := s.createManager(t.Context(), "Ada@example.com", secret); err == nil {
		t.Error("the service starts without a manager")
	}
}

func TestTheSeedOfTokens(t *testing.T) {
	for seed, complaint := range map[string]string{
		base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 32)): "",
		base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 31)): "TOKEN_SEED must be 32 bytes in base64",
		"not base64": "TOKEN_SEED must be 32 bytes in base64",
		"":           "TOKEN_SEED must be set",
	} {
		e := &env.Reader{Getenv: func(name string) string { return map[string]string{"TOKEN_SEED": seed}[name] }}
		s := signer(e)
		err := e.Err()
		if complaint == "" && err != nil || complaint != "" && (err == nil || err.Error() != complaint) {
			t.Errorf("%q: %v, want %q", seed, err, complaint)
		}
		if err == nil && s.Public() == "" {
			t.Errorf("%q: no key", seed)
		}
	}
}

func TestOldFailuresAreForgotten(t *testing.T) {
	s, _ := open(t)
	for email, ago := range map[string]time.Duration{"old@example.com": 2 * account.FailureWindow, "new@example.com": 0} {
		if err := accounts.Failed(t.Context(), s.db, email, postgres.Now().Add(-ago), account.FailureWindow); err != nil {
			t.Fatal(err)
		}
	}
	s.tidy(t.Context())
	var left string
	if err := s.db.QueryRow(t.Context(), `SELECT string_agg(email_key, ',') FROM sign_in_failures`).Scan(&left); err != nil || left != "new@example.com" {
		t.Errorf("left: %s, %v", left, err)
	}
}
