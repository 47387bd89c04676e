package orders

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"triptych/domain/order"
	"triptych/internal/postgres/pgtest"
)

// set returns the columns of an order in that status.
func set(s order.Status) string {
	columns := fmt.Sprintf(`status = '%s'`, s)
	if s == order.Rejected {
		columns += `, reason_code = 'out_of_stock'`
	}
	if s != order.Pending {
		columns += `, settled_at = now()`
	}
	return columns
}

// The moves are written down twice, in domain/order and in the trigger: every
// pair of statuses is tried on both.
func TestTheDatabaseAllowsTheMovesOfTheDomain(t *testing.T) {
	db := pgtest.New(t, Schema)
	undo := errors.New("undo")
	for _, from := range order.Statuses {
		for _, to := range order.Statuses {
			o := draft(t, uuid.New(), 1)
			err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
				if o.Status = from; from != order.Pending {
					o.SettledAt = noon
				}
				if from == order.Rejected {
					o.Reason = &order.Reason{Code: "out_of_stock"}
				}
				if err := Insert(t.Context(), tx, o); err != nil {
					t.Fatalf("insert a %s order: %v", from, err)
				}
				if err := update(t.Context(), tx, from, to); err != nil {
					return err
				}
				return undo
			})
			var pg *pgconn.PgError
			switch {
			case from.May(to) && err != undo:
				t.Errorf("%s to %s: %v", from, to, err)
			case !from.May(to) && !(errors.As(err, &pg) && pg.Code == pgtest.Check):
				t.Errorf("%s to %s is let through: %v", from, to, err)
			}
		}
	}
}

// update moves an order by hand. The checks that tie other columns to the
// status must not be what refuses the move.
func update(ctx context.Context, tx pgx.Tx, from, to order.Status) error {
	columns := set(to)
	if from == order.Rejected && to != order.Rejected {
		columns += `, reason_code = NULL`
	}
	if to == order.Pending {
		columns += `, settled_at = NULL`
	}
	_, err := tx.Exec(ctx, `UPDATE orders SET `+columns)
	return err
}

func TestWhatTheDatabaseRefuses(t *testing.T) {
	db := pgtest.New(t, Schema)
	o := insert(t, db, draft(t, uuid.New(), 1))
	for name, c := range map[string]struct{ state, sql string }{
		"an order twice":                 {pgtest.Unique, `INSERT INTO orders SELECT * FROM orders`},
		"a status that there is not":     {pgtest.Check, `INSERT INTO orders SELECT (o).* FROM (SELECT (jsonb_populate_record(orders, '{"id": "0192f0c1-7b5e-7c3a-9d2e-4f1a2b3c4d5e", "status": "lost", "settled_at": "2026-11-03"}')) AS o FROM orders) AS changed`},
		"a total that does not add up":   {pgtest.Check, `UPDATE orders SET total = total + 1`},
		"a discount that was not taken":  {pgtest.Check, `UPDATE orders SET discount = discount + 1`},
		"a negative discount":            {pgtest.Check, `UPDATE orders SET discount = -1, total = subtotal + 1 + shipping`},
		"a negative total":               {pgtest.Check, `UPDATE orders SET discount = 100000, total = subtotal - 100000 + shipping, vat = 0`},
		"more VAT than the total":        {pgtest.Check, `UPDATE orders SET vat = total + 1`},
		"rejected without a reason":      {pgtest.Check, `UPDATE orders SET status = 'rejected', settled_at = now()`},
		"confirmed with a reason":        {pgtest.Check, `UPDATE orders SET status = 'confirmed', settled_at = now(), reason_code = 'out_of_stock'`},
		"confirmed at no time":           {pgtest.Check, `UPDATE orders SET status = 'confirmed'`},
		"settled and pending":            {pgtest.Check, `UPDATE orders SET settled_at = now()`},
		"a line of nothing":              {pgtest.Check, `UPDATE order_lines SET quantity = 0`},
		"a line of a hundred":            {pgtest.Check, `UPDATE order_lines SET quantity = 100, total = 0`},
		"a line for free":                {pgtest.Check, `UPDATE order_lines SET price = 0, total = 0`},
		"a line over its price":          {pgtest.Check, `UPDATE order_lines SET total = price * quantity + 1`},
		"a line of no order":             {pgtest.Foreign, `UPDATE order_lines SET order_id = gen_random_uuid()`},
		"a line twice":                   {pgtest.Unique, `INSERT INTO order_lines SELECT * FROM order_lines`},
		"history of no order":            {pgtest.Foreign, `UPDATE order_history SET order_id = gen_random_uuid()`},
		"a move twice":                   {pgtest.Unique, `INSERT INTO order_history SELECT * FROM order_history`},
		"history that there cannot be":   {pgtest.Check, `UPDATE order_history SET status = 'lost'`},
		"an order deleted with its past": {pgtest.Foreign, `DELETE FROM orders`},
	} {
		t.Run(name, func(t *testing.T) { pgtest.Refuses(t, db, c.state, c.sql) })
	}
	if got := get(t, db, uuid.Nil, o.ID); got.Status != order.Pending || got.Totals != o.Totals {
		t.Errorf("the order is now %+v", got)
	}
}

// A move that another made meanwhile is not made again: the place in the
// history is taken.
func TestAMoveWithoutALockIsRefused(t *testing.T) {
	db := pgtest.New(t, Schema)
	o := insert(t, db, draft(t, uuid.New(), 1))
	push(t, db, o.ID, order.Confirmed, noon)
	if err := o.To(order.Confirmed, noon); err != nil { // what somebody read before
		t.Fatal(err)
	}
	if err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error { return Move(t.Context(), tx, o) }); err == nil {
		t.Error("the order is confirmed twice")
	}
}
