// Command accounts knows who can sign in, and is the only one that can issue
// tokens.
package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"time"

	"triptych/internal/env"
	"triptych/internal/password"
	"triptych/internal/service"
	"triptych/internal/token"
	"triptych/internal/turns"
	accountsv1 "triptych/proto/accounts/v1"
	"triptych/store/accounts"
)

func main() { service.Main("accounts", run) }

func run(ctx context.Context, s *service.Service) error {
	tokens := signer(s.Env)
	email, secret := s.Env.Required("MANAGER_EMAIL"), s.Env.Required("MANAGER_PASSWORD")
	db, err := s.Database(ctx, accounts.Schema)
	if err != nil {
		return err
	}
	a := &server{db: db, tokens: tokens, passwords: password.NewHasher(), signingIn: turns.New()}
	if err := a.createManager(ctx, email, secret); err != nil {
		return fmt.Errorf("MANAGER_EMAIL and MANAGER_PASSWORD: %w", err)
	}
	accountsv1.RegisterAccountsServer(s.Server, a)
	s.Every(10*time.Minute, a.tidy)
	return s.Serve(ctx)
}

// signer makes the signer of the seed that TOKEN_SEED holds.
func signer(e *env.Reader) token.Signer {
	seed := e.Required("TOKEN_SEED")
	key, err := base64.StdEncoding.DecodeString(seed)
	s, wrong := token.NewSigner(key)
	if seed != "" && (err != nil || wrong != nil) {
		e.Complain("TOKEN_SEED must be 32 bytes in base64")
	}
	return s
}
