// Package payments is the simulated card processor and the ledger of what it
// took and gave back.
package payments

import (
	"context"
	"embed"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"triptych/domain/payment"
	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the tables of this noun.
var Schema = postgres.NewSchema("payments", schema)

// Authorise asks the simulated card processor to set money aside, which takes
// as long as the processor takes for that token. As with a real one, an
// authorisation moves no money: it is captured by booking the charge, or
// lapses when nobody does.
func Authorise(ctx context.Context, token string) (payment.Decision, error) {
	d, err := payment.Decide(token)
	if err != nil || d.After == 0 {
		return d, err
	}
	answer := time.NewTimer(d.After)
	defer answer.Stop()
	select {
	case <-answer.C:
		return d, nil
	case <-ctx.Done():
		return payment.Decision{}, ctx.Err()
	}
}

// Book adds a charge or a refund to the ledger. Booking a key again is refused
// by the database.
func Book(ctx context.Context, tx pgx.Tx, j payment.Journal) error {
	ledgers := make([]payment.Ledger, len(j.Entries))
	amounts := make([]int64, len(j.Entries))
	for i, e := range j.Entries {
		ledgers[i], amounts[i] = e.Ledger, int64(e.Amount)
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO ledger_entries (key, order_id, ledger, amount)
		SELECT $1, $2, * FROM unnest($3::text[], $4::bigint[])`,
		j.Key, j.Order, ledgers, amounts)
	if err != nil {
		return fmt.Errorf("book %s: %w", j.Key, err)
	}
	return nil
}
