package main

import (
	"context"
	"log/slog"

	"triptych/domain/account"
	"triptych/internal/postgres"
	accountsv1 "triptych/proto/accounts/v1"
	"triptych/store/accounts"
)

// SignIn implements accountsv1.AccountsServer. It checks a password also when
// there is no such account, so that the time it takes tells nothing; and those of
// one address one after the other, so that many guesses at once are all counted.
func (s *server) SignIn(ctx context.Context, in *accountsv1.SignInRequest) (*accountsv1.Session, error) {
	done, err := s.signingIn.Take(ctx, account.FoldEmail(in.Email))
	if err != nil {
		return nil, err
	}
	defer done()
	failures, err := accounts.Failures(ctx, s.db, in.Email, postgres.Now(), account.FailureWindow)
	if err != nil {
		return nil, err
	}
	if failures >= account.MaxFailures {
		return nil, account.TooManyFailures()
	}
	a, ok, err := s.match(ctx, in.Email, in.Password)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, s.failed(ctx, in.Email)
	}
	token, expires, err := s.tokens.Issue(a.ID, string(a.Role), postgres.Now())
	return toSession(token, expires), err
}

// match returns the account with that address and password, or false.
func (s *server) match(ctx context.Context, email, password string) (account.Account, bool, error) {
	a, hash, ok, err := accounts.ByEmail(ctx, s.db, email)
	if err != nil {
		return a, false, err
	}
	match, err := s.passwords.Match(ctx, password, hash)
	return a, ok && match, err
}

// failed counts a failure to sign in, and returns what is said of it.
func (s *server) failed(ctx context.Context, email string) error {
	if account.ValidEmail(email) { // there is nothing to guess at what is none, and it may be a megabyte
		if err := accounts.Failed(ctx, s.db, email, postgres.Now(), account.FailureWindow); err != nil {
			return err
		}
	}
	return account.NoMatch()
}

// tidy forgets old failures.
func (s *server) tidy(ctx context.Context) {
	if err := accounts.ForgetFailures(ctx, s.db, postgres.Now().Add(-account.FailureWindow)); err != nil {
		slog.WarnContext(ctx, "old sign-in failures stay", "err", err)
	}
}
