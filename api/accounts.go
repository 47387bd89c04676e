package api

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"triptych/domain/account"
	"triptych/internal/rest"
)

// Accounts is what an architecture does about accounts.
type Accounts interface {
	// CreateAccount makes a customer; an e-mail address that is in use is the
	// fault "email_taken".
	CreateAccount(ctx context.Context, n account.New) (account.Account, error)
	// SignIn returns a token for the account with that e-mail address and
	// password, or the fault "unauthenticated" or "too_many_attempts".
	SignIn(ctx context.Context, email, password string) (token string, expires time.Time, err error)
	// Account returns one account.
	Account(ctx context.Context, id uuid.UUID) (account.Account, error)
}

type accountJSON struct {
	ID    uuid.UUID    `json:"id"`
	Email string       `json:"email"`
	Name  string       `json:"name"`
	Role  account.Role `json:"role"`
}

func toAccount(a account.Account) accountJSON { return accountJSON{a.ID, a.Email, a.Name, a.Role} }

func (s *server) createAccount(w http.ResponseWriter, r *http.Request, _ Caller) error {
	var in struct {
		Email    string `json:"email"`
		Password string `json:"password"`
		Name     string `json:"name"`
	}
	if _, err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	n := account.New{Email: in.Email, Password: in.Password, Name: in.Name}
	if err := n.Validate(); err != nil {
		return err
	}
	a, err := s.Accounts.CreateAccount(r.Context(), n)
	if err != nil {
		return err
	}
	return rest.JSON(w, http.StatusCreated, toAccount(a))
}

func (s *server) createSession(w http.ResponseWriter, r *http.Request, _ Caller) error {
	var in struct {
		Email    string `json:"email"`
		Password string `json:"password"`
	}
	if _, err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	token, expires, err := s.Accounts.SignIn(r.Context(), in.Email, in.Password)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	return rest.JSON(w, http.StatusCreated, struct {
		Token     string    `json:"token"`
		ExpiresAt time.Time `json:"expires_at"`
	}{token, expires})
}

func (s *server) getMe(w http.ResponseWriter, r *http.Request, by Caller) error {
	a, err := s.Accounts.Account(r.Context(), by.Account)
	if err != nil {
		return err
	}
	return rest.JSON(w, http.StatusOK, toAccount(a))
}
