package main

import (
	"context"
	"time"

	"github.com/google/uuid"

	"triptych/domain/account"
	accountsv1 "triptych/proto/accounts/v1"
)

// accounts implements api.Accounts.
type accounts struct{ service accountsv1.AccountsClient }

// CreateAccount implements api.Accounts.
func (a accounts) CreateAccount(ctx context.Context, n account.New) (account.Account, error) {
	made, err := a.service.CreateAccount(ctx, &accountsv1.CreateAccountRequest{Email: n.Email, Password: n.Password, Name: n.Name})
	if err != nil {
		return account.Account{}, err
	}
	return fromAccount(made)
}

// SignIn implements api.Accounts.
func (a accounts) SignIn(ctx context.Context, email, password string) (token string, expires time.Time, err error) {
	s, err := a.service.SignIn(ctx, &accountsv1.SignInRequest{Email: email, Password: password})
	if err != nil {
		return "", time.Time{}, err
	}
	return s.Token, s.ExpiresAt.AsTime(), nil
}

// Account implements api.Accounts.
func (a accounts) Account(ctx context.Context, id uuid.UUID) (account.Account, error) {
	found, err := a.service.GetAccount(ctx, &accountsv1.GetAccountRequest{Id: id.String()})
	if err != nil {
		return account.Account{}, err
	}
	return fromAccount(found)
}
