// Package processor keeps the simulated card processor's own list of what it was
// told to do. The shop's ledger refuses to book a payment twice; this list
// refuses nothing, and so shows whether it was taken twice.
package processor

import (
	"context"
	"embed"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/money"
	"triptych/domain/payment"
	"triptych/internal/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Schema is the tables of this noun.
var Schema = postgres.NewSchema("processor", schema)

// kinds names what the processor is told when a payment comes to a status.
var kinds = map[payment.Status]string{
	payment.Approved: "authorise",
	payment.Captured: "capture",
	payment.Voided:   "void",
	payment.Refunded: "refund",
}

// Tell tells the processor that an order's payment has come to a status: that it
// is to set money aside, take it, let it go or give it back. Of the others it
// need not hear.
func Tell(ctx context.Context, tx pgx.Tx, order uuid.UUID, s payment.Status, amount money.Amount) error {
	kind, ok := kinds[s]
	if !ok {
		return nil
	}
	_, err := tx.Exec(ctx, `INSERT INTO processor_log (order_id, kind, amount) VALUES ($1, $2, $3)`, order, kind, amount)
	if err != nil {
		return fmt.Errorf("tell the processor to %s: %w", kind, err)
	}
	return nil
}
