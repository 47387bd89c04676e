package main

import (
	"context"
	"embed"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/api"
	"triptych/domain/account"
	"triptych/internal/news"
	"triptych/internal/password"
	"triptych/internal/postgres"
	"triptych/internal/token"
	"triptych/internal/turns"
	"triptych/store/accounts"
	"triptych/store/carts"
	"triptych/store/catalogue"
	"triptych/store/idempotency"
	"triptych/store/orders"
	"triptych/store/payments"
	wages "triptych/store/payroll"
	"triptych/store/pictures"
	"triptych/store/stock"
)

//go:embed schema/*.sql
var schema embed.FS

// schemas are the tables of every noun in one database, and then what only a
// monolith can have: foreign keys from one noun to another.
var schemas = []postgres.Schema{
	accounts.Schema, catalogue.Schema, stock.Schema, carts.Schema, orders.Schema,
	payments.Schema, idempotency.Schema, wages.Schema, pictures.Schema,
	postgres.NewSchema("monolith", schema),
}

// shop is the whole business in one process: its methods are the contract's
// operations, and its database holds every noun.
type shop struct {
	db        *pgxpool.Pool
	tokens    token.Signer
	passwords *password.Hasher
	placing   *turns.Turns // by account and idempotency key
	signingIn *turns.Turns // by e-mail address
	news      *news.News
	shelf     *shelf
	payday    *payday
	gallery   *gallery
}

func newShop(db *pgxpool.Pool, tokens token.Signer) *shop {
	told := news.New()
	s := &shop{
		db: db, tokens: tokens, passwords: password.NewHasher(), placing: turns.New(), signingIn: turns.New(), news: told,
		payday: newPayday(db, told), gallery: newGallery(db, told),
	}
	s.shelf = &shelf{query: s.queryShelf}
	return s
}

// newID returns a UUID of version 7, which sorts by the time it was made.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// scope is whose orders a caller may see: their own, for a manager all.
func scope(by api.Caller) uuid.UUID {
	if by.Manager() {
		return uuid.Nil
	}
	return by.Account
}

// tidy deletes what has lost its use, until ctx is done.
func (s *shop) tidy(ctx context.Context) error {
	tick := time.NewTicker(10 * time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			s.tidyOnce(ctx)
		}
	}
}

func (s *shop) tidyOnce(ctx context.Context) {
	if err := idempotency.Forget(ctx, s.db, postgres.Now()); err != nil {
		slog.WarnContext(ctx, "old idempotency keys stay", "err", err)
	}
	if err := accounts.ForgetFailures(ctx, s.db, postgres.Now().Add(-account.FailureWindow)); err != nil {
		slog.WarnContext(ctx, "old sign-in failures stay", "err", err)
	}
	if err := pictures.Forget(ctx, s.db, postgres.Now().Add(-replacedFor)); err != nil {
		slog.WarnContext(ctx, "replaced pictures stay", "err", err)
	}
}

// contract names the shop's parts for the HTTP contract.
func (s *shop) contract() api.Shop {
	return api.Shop{Accounts: s, Catalogue: s, Carts: s, Orders: s, Pictures: s.gallery, Payroll: s.payday, Reports: s}
}
