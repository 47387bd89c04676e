// Package accounts keeps who can sign in.
package accounts

import (
	"context"
	"embed"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/account"
	"triptych/domain/fault"
	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the tables of this noun.
var Schema = postgres.NewSchema("accounts", schema)

// Insert stores a new account with its password's hash; an e-mail address that
// is in use is the fault "email_taken".
func Insert(ctx context.Context, db postgres.DB, a account.Account, hash string) error {
	tag, err := db.Exec(ctx, `
		INSERT INTO accounts (id, email, email_key, name, role, password, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (email_key) DO NOTHING`,
		a.ID, a.Email, account.FoldEmail(a.Email), a.Name, a.Role, hash, a.CreatedAt)
	if err == nil && tag.RowsAffected() == 0 {
		return fault.New(fault.Conflict, "email_taken", "there is an account with this e-mail address")
	}
	return err
}

const columns = `id, email, name, role, created_at`

func scan(row pgx.Row, more ...any) (a account.Account, err error) {
	err = row.Scan(append([]any{&a.ID, &a.Email, &a.Name, &a.Role, &a.CreatedAt}, more...)...)
	return a, err
}

// ByID returns one account, or false.
func ByID(ctx context.Context, db postgres.DB, id uuid.UUID) (account.Account, bool, error) {
	a, err := scan(db.QueryRow(ctx, `SELECT `+columns+` FROM accounts WHERE id = $1`, id))
	return found(a, err)
}

// ByEmail returns the account with that e-mail address and its password's
// hash, or false.
func ByEmail(ctx context.Context, db postgres.DB, email string) (account.Account, string, bool, error) {
	var hash string
	a, err := scan(db.QueryRow(ctx, `SELECT `+columns+`, password FROM accounts WHERE email_key = $1`, account.FoldEmail(email)), &hash)
	a, ok, err := found(a, err)
	return a, hash, ok, err
}

func found(a account.Account, err error) (account.Account, bool, error) {
	if errors.Is(err, pgx.ErrNoRows) {
		return account.Account{}, false, nil
	}
	return a, err == nil, err
}

// Failures returns how often signing in with an e-mail address failed in the
// window that ends at now.
func Failures(ctx context.Context, db postgres.DB, email string, now time.Time, window time.Duration) (n int, err error) {
	err = db.QueryRow(ctx, `
		SELECT coalesce(sum(failures), 0) FROM sign_in_failures
		WHERE email_key = $1 AND since > $2`,
		account.FoldEmail(email), now.Add(-window)).Scan(&n)
	return n, err
}

// Failed counts a failure to sign in.
func Failed(ctx context.Context, db postgres.DB, email string, now time.Time, window time.Duration) error {
	_, err := db.Exec(ctx, `
		INSERT INTO sign_in_failures AS f (email_key, since, failures) VALUES ($1, $2, 1)
		ON CONFLICT (email_key) DO UPDATE SET
			failures = CASE WHEN f.since > $3 THEN f.failures + 1 ELSE 1 END,
			since    = CASE WHEN f.since > $3 THEN f.since ELSE excluded.since END`,
		account.FoldEmail(email), now, now.Add(-window))
	return err
}

// ForgetFailures deletes failures from before a time: they count no more.
func ForgetFailures(ctx context.Context, db postgres.DB, before time.Time) error {
	_, err := db.Exec(ctx, `DELETE FROM sign_in_failures WHERE since < $1`, before)
	return err
}
