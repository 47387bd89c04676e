package main

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/types/known/timestamppb"

	"triptych/domain/account"
	"triptych/domain/fault"
	"triptych/internal/password"
	"triptych/internal/postgres"
	"triptych/internal/rpc"
	"triptych/internal/token"
	"triptych/internal/turns"
	accountsv1 "triptych/proto/accounts/v1"
	"triptych/store/accounts"
)

// server serves Accounts.
type server struct {
	accountsv1.UnimplementedAccountsServer
	db        *pgxpool.Pool
	tokens    token.Signer
	passwords *password.Hasher
	signingIn *turns.Turns // by e-mail address
}

// CreateAccount implements accountsv1.AccountsServer.
func (s *server) CreateAccount(ctx context.Context, in *accountsv1.CreateAccountRequest) (*accountsv1.Account, error) {
	a, err := s.create(ctx, account.New{Email: in.Email, Password: in.Password, Name: in.Name}, account.Customer)
	return toProto(a), err
}

func (s *server) create(ctx context.Context, n account.New, role account.Role) (account.Account, error) {
	if err := n.Validate(); err != nil {
		return account.Account{}, err
	}
	hash, err := s.passwords.Hash(ctx, n.Password)
	if err != nil {
		return account.Account{}, err
	}
	a := account.Account{ID: uuid.Must(uuid.NewV7()), Email: n.Email, Name: n.Name, Role: role, CreatedAt: postgres.Now()}
	return a, accounts.Insert(ctx, s.db, a, hash)
}

// createManager makes the first manager, unless there is that account already.
func (s *server) createManager(ctx context.Context, email, password string) error {
	a, _, ok, err := accounts.ByEmail(ctx, s.db, email)
	if err == nil && ok && a.Role != account.Manager {
		err = errors.New("this e-mail address is a customer's")
	}
	if err != nil || ok {
		return err
	}
	_, err = s.create(ctx, account.New{Email: email, Password: password, Name: "Manager"}, account.Manager)
	if fault.Is(err, "email_taken") { // by another process that starts at the same time
		return nil
	}
	return err
}

// GetAccount implements accountsv1.AccountsServer.
func (s *server) GetAccount(ctx context.Context, in *accountsv1.GetAccountRequest) (*accountsv1.Account, error) {
	id, err := rpc.ParseID("id", in.Id)
	if err != nil {
		return nil, err
	}
	a, ok, err := accounts.ByID(ctx, s.db, id)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "not_found", "there is no such account")
	}
	return toProto(a), err
}

func toProto(a account.Account) *accountsv1.Account {
	return &accountsv1.Account{Id: a.ID.String(), Email: a.Email, Name: a.Name, Role: string(a.Role)}
}

func toSession(token string, expires time.Time) *accountsv1.Session {
	return &accountsv1.Session{Token: token, ExpiresAt: timestamppb.New(expires)}
}
