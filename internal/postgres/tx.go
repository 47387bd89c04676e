package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	attempts        = 5
	rollbackTimeout = 5 * time.Second
)

// InTx runs f in a transaction (READ COMMITTED) and commits it when f returns
// nil. When the database refuses a transaction because of others, a deadlock
// or a serialization failure, f is run again, so f must do nothing that a
// rollback does not undo.
//
// Its error, when the connection broke during the commit, does not tell whether
// the transaction happened. The caller finds out as for any lost answer: by
// asking again with the same key.
func InTx(ctx context.Context, pool *pgxpool.Pool, f func(tx pgx.Tx) error) error {
	for n := 1; ; n++ {
		err := once(ctx, pool, f)
		if n == attempts || !refusedBecauseOfOthers(err) {
			return err
		}
		if err := pause(ctx, n); err != nil {
			return err
		}
	}
}

func once(ctx context.Context, pool *pgxpool.Pool, f func(tx pgx.Tx) error) (err error) {
	tx, err := pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { // in a defer, so that a panic in f gives the connection back
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
		_ = tx.Rollback(ctx) // a no-op after Commit
	}()
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// refusedBecauseOfOthers reports whether the same transaction, alone, would
// have gone well: serialization_failure or deadlock_detected.
func refusedBecauseOfOthers(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// pause waits a random while that grows with n, so that those who collided do
// not collide again.
func pause(ctx context.Context, n int) error {
	t := time.NewTimer(rand.N(time.Duration(n*n) * 5 * time.Millisecond))
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
