package api

import (
	"net/http"
	"strings"

	"github.com/google/uuid"

	"triptych/domain/account"
	"triptych/domain/fault"
)

// A Caller is who is asking. The zero Caller is somebody without a token.
type Caller struct {
	Account uuid.UUID
	Role    account.Role
}

// Manager reports whether the caller runs the shop.
func (c Caller) Manager() bool { return c.Role == account.Manager }

// admit finds out who is asking and lets them in if the policy says so. Where
// anyone may call, a token is not looked at: one that has expired must not keep
// its owner from signing in again.
func (s *server) admit(r *http.Request, who Policy) (Caller, error) {
	if who == Anyone {
		return Caller{}, nil
	}
	header := r.Header.Get("Authorization")
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return Caller{}, unauthenticated()
	}
	id, role, err := s.Tokens.Verify(token)
	if err != nil {
		return Caller{}, unauthenticated()
	}
	caller := Caller{id, account.Role(role)}
	if who == SignedIn || who == Managers && caller.Manager() {
		return caller, nil
	}
	return Caller{}, fault.New(fault.Forbidden, "forbidden", "this needs the role manager")
}

func unauthenticated() error {
	return fault.New(fault.Unauthenticated, "unauthenticated", "sign in and send the token as Authorization: Bearer")
}
