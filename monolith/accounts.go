package main

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"

	"triptych/api"
	"triptych/domain/account"
	"triptych/domain/fault"
	"triptych/internal/postgres"
	"triptych/store/accounts"
)

// CreateAccount implements api.Accounts.
func (s *shop) CreateAccount(ctx context.Context, n account.New) (account.Account, error) {
	return s.createAccount(ctx, n, account.Customer)
}

func (s *shop) createAccount(ctx context.Context, n account.New, role account.Role) (account.Account, error) {
	hash, err := s.passwords.Hash(ctx, n.Password)
	if err != nil {
		return account.Account{}, err
	}
	a := account.Account{ID: newID(), Email: n.Email, Name: n.Name, Role: role, CreatedAt: postgres.Now()}
	return a, accounts.Insert(ctx, s.db, a, hash)
}

// createManager makes the first manager, unless there is that account already.
func (s *shop) createManager(ctx context.Context, email, password string) error {
	a, _, ok, err := accounts.ByEmail(ctx, s.db, email)
	if err == nil && ok && a.Role != account.Manager {
		err = errors.New("this e-mail address is a customer's")
	}
	if err != nil || ok {
		return err
	}
	n := account.New{Email: email, Password: password, Name: "Manager"}
	if err := n.Validate(); err != nil {
		return err
	}
	_, err = s.createAccount(ctx, n, account.Manager)
	if fault.Is(err, "email_taken") { // by another process that starts at the same time
		return nil
	}
	return err
}

// SignIn implements api.Accounts. It checks a password also when there is no
// such account, so that the time it takes tells nothing; and those of one
// address one after the other, so that many guesses at once are all counted.
func (s *shop) SignIn(ctx context.Context, email, password string) (string, time.Time, error) {
	done, err := s.signingIn.Take(ctx, account.FoldEmail(email))
	if err != nil {
		return "", time.Time{}, err
	}
	defer done()
	failures, err := accounts.Failures(ctx, s.db, email, postgres.Now(), account.FailureWindow)
	if err != nil {
		return "", time.Time{}, err
	}
	if failures >= account.MaxFailures {
		return "", time.Time{}, account.TooManyFailures()
	}
	a, hash, ok, err := accounts.ByEmail(ctx, s.db, email)
	if err != nil {
		return "", time.Time{}, err
	}
	match, err := s.passwords.Match(ctx, password, hash)
	if err != nil {
		return "", time.Time{}, err
	}
	if !ok || !match {
		if account.ValidEmail(email) { // there is nothing to guess at what is none, and it may be a megabyte
			if err := accounts.Failed(ctx, s.db, email, postgres.Now(), account.FailureWindow); err != nil {
				return "", time.Time{}, err
			}
		}
		return "", time.Time{}, account.NoMatch()
	}
	return s.tokens.Issue(a.ID, string(a.Role), postgres.Now())
}

// translate makes faults of what the database says. Whoever has a token of an
// account that there is not, as after the data was thrown away and the key
// kept, is nobody: what they do refers to no account.
func translate(err error) error {
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) && pg.Code == "23503" && strings.HasSuffix(pg.ConstraintName, "_account_id_fkey") {
		return fault.New(fault.Unauthenticated, "unauthenticated", "this token's account is gone: sign in again")
	}
	return postgres.Fault(err)
}

// Account implements api.Accounts.
func (s *shop) Account(ctx context.Context, id uuid.UUID) (account.Account, error) {
	a, ok, err := accounts.ByID(ctx, s.db, id)
	if err == nil && !ok {
		err = api.NotFound("account")
	}
	return a, err
}
