package payments

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/fault"
	"triptych/domain/money"
	"triptych/domain/order"
	"triptych/domain/payment"
	"triptych/internal/postgres/pgtest"
)

func paid() order.Order {
	return order.Order{ID: uuid.New(), Totals: order.Totals{Total: 3544, VAT: 591}}
}

func book(t *testing.T, db *pgxpool.Pool, j payment.Journal) error {
	return pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error { return Book(t.Context(), tx, j) })
}

// balances returns what each account of the ledger holds.
func balances(t *testing.T, db *pgxpool.Pool) map[payment.Ledger]money.Amount {
	t.Helper()
	rows, _ := db.Query(t.Context(), `SELECT ledger, sum(amount)::bigint FROM ledger_entries GROUP BY ledger`)
	held := map[payment.Ledger]money.Amount{}
	var l payment.Ledger
	var a money.Amount
	if _, err := pgx.ForEachRow(rows, []any{&l, &a}, func() error { held[l] = a; return nil }); err != nil {
		t.Fatal(err)
	}
	return held
}

func TestAChargeAndItsRefundAreBookedOnce(t *testing.T) {
	db := pgtest.New(t, Schema)
	o := paid()
	for _, c := range []struct {
		what string
		j    payment.Journal
		ok   bool
		owed money.Amount // by the processor
	}{
		{"charge", payment.Charge(o), true, 3544}, {"charge again", payment.Charge(o), false, 3544},
		{"refund", payment.Refund(o), true, 0}, {"refund again", payment.Refund(o), false, 0}, {"charge once more", payment.Charge(o), false, 0},
		{"another's charge", payment.Charge(paid()), true, 3544},
	} {
		err := book(t, db, c.j)
		var pg *pgconn.PgError
		if (err == nil) != c.ok || err != nil && !(errors.As(err, &pg) && pg.Code == pgtest.Unique) {
			t.Errorf("%s: %v", c.what, err)
		}
		if owed := balances(t, db)[payment.CardReceivable]; owed != c.owed {
			t.Errorf("%s: the processor owes %v, want %v", c.what, owed, c.owed)
		}
	}
	want := map[payment.Ledger]money.Amount{payment.CardReceivable: 3544, payment.Sales: -2 * 2953, payment.VAT: -591, payment.Refunds: 2953}
	for l, a := range balances(t, db) {
		if a != want[l] {
			t.Errorf("%s holds %v, want %v", l, a, want[l])
		}
	}
}

func TestWhatTheDatabaseRefuses(t *testing.T) {
	db := pgtest.New(t, Schema)
	if err := book(t, db, payment.Charge(paid())); err != nil {
		t.Fatal(err)
	}
	const add = `INSERT INTO ledger_entries (key, ledger, amount, order_id) VALUES `
	for name, c := range map[string]struct{ state, sql string }{
		"one entry alone":                  {pgtest.Check, add + `('k', 'sales', 1, gen_random_uuid())`},
		"entries that do not sum to zero":  {pgtest.Check, add + `('k', 'sales', 1, gen_random_uuid()), ('k', 'vat', -2, gen_random_uuid())`},
		"two keys that sum to zero":        {pgtest.Check, add + `('k', 'sales', 1, gen_random_uuid()), ('l', 'sales', -1, gen_random_uuid())`},
		"an entry of nothing":              {pgtest.Check, add + `('k', 'sales', 0, gen_random_uuid())`},
		"more for a key that is booked":    {pgtest.Check, `INSERT INTO ledger_entries (key, ledger, amount, order_id) SELECT DISTINCT key, 'refunds', 5, order_id FROM ledger_entries`},
		"an account that there is not":     {pgtest.Check, add + `('k', 'petty_cash', 1, gen_random_uuid()), ('k', 'vat', -1, gen_random_uuid())`},
		"an entry changed":                 {pgtest.Restrict, `UPDATE ledger_entries SET amount = amount`},
		"an entry changed by an insertion": {pgtest.Restrict, `INSERT INTO ledger_entries SELECT * FROM ledger_entries ON CONFLICT (key, ledger) DO UPDATE SET amount = 0`},
		"an entry deleted":                 {pgtest.Restrict, `DELETE FROM ledger_entries`},
		"no entry deleted":                 {pgtest.Restrict, `DELETE FROM ledger_entries WHERE false`},
		"the ledger truncated":             {pgtest.Restrict, `TRUNCATE ledger_entries`},
	} {
		t.Run(name, func(t *testing.T) { pgtest.Refuses(t, db, c.state, c.sql) })
	}
	if b := balances(t, db); b[payment.CardReceivable] != 3544 || b[payment.Sales] != -2953 || b[payment.VAT] != -591 || len(b) != 3 {
		t.Errorf("the ledger holds %v", b)
	}
}

func TestTheProcessorTakesItsTime(t *testing.T) {
	for token, want := range map[string]time.Duration{"tok_visa": 0, "tok_declined": 0, "tok_slow": 2 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			d, err := Authorise(t.Context(), token)
			if took := time.Since(began); took != want || err != nil || d.Approved == (token == "tok_declined") {
				t.Errorf("%s: got %+v, %v after %v", token, d, err, took)
			}
		})
	}
}

func TestNobodyWaitsForTheProcessorAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		d, err := Authorise(ctx, "tok_slow")
		if !errors.Is(err, context.DeadlineExceeded) || d.Approved || time.Since(began) != time.Second {
			t.Errorf("got %+v, %v after %v", d, err, time.Since(began))
		}
	})
}

func TestATokenOfNobodyIsInvalid(t *testing.T) {
	if _, err := Authorise(t.Context(), "tok_nobody"); !fault.Is(err, "invalid") {
		t.Errorf("got %v", err)
	}
}
