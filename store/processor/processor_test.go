package processor

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/payment"
	"triptych/internal/postgres/pgtest"
)

// The processor notes whatever it is told, also twice; of what it need not hear
// it is not told.
func TestTheProcessorNotesWhatItIsTold(t *testing.T) {
	db := pgtest.New(t, Schema)
	id := uuid.New()
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		for _, s := range []payment.Status{
			payment.Approved, payment.Captured, payment.Captured, payment.Refunded, payment.Voided, payment.Refused, payment.Lapsed,
		} {
			if err := Tell(t.Context(), tx, id, s, 3544); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := db.Query(t.Context(), `SELECT kind FROM processor_log WHERE order_id = $1 AND amount = 3544 ORDER BY id`, id)
	kinds, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if diff := cmp.Diff([]string{"authorise", "capture", "capture", "refund", "void"}, kinds); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	pgtest.Refuses(t, db, pgtest.Check, `INSERT INTO processor_log (order_id, kind, amount) VALUES (gen_random_uuid(), 'give', 1)`)
	pgtest.Refuses(t, db, pgtest.Check, `INSERT INTO processor_log (order_id, kind, amount) VALUES (gen_random_uuid(), 'capture', 0)`)
	pgtest.Refuses(t, db, pgtest.Restrict, `UPDATE processor_log SET amount = 1`)
	pgtest.Refuses(t, db, pgtest.Restrict, `DELETE FROM processor_log`)
	pgtest.Refuses(t, db, pgtest.Restrict, `TRUNCATE processor_log`)
}
