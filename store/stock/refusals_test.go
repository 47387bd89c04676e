package stock

import (
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/order"
	"triptych/internal/postgres/pgtest"
)

func TestWhatTheDatabaseRefuses(t *testing.T) {
	db := open(t, 5)
	for name, c := range map[string]struct{ state, sql string }{
		"negative stock":                {pgtest.Check, `UPDATE stock SET on_hand = -1`},
		"negative stock from the start": {pgtest.Check, `INSERT INTO stock (sku, on_hand, reason) VALUES ('MUG', -1, 'x')`},
		"a second row of a product":     {pgtest.Unique, `INSERT INTO stock (sku, reason) VALUES ('TEA', 'again')`},
		"stock without a reason":        {pgtest.NotNull, `UPDATE stock SET on_hand = 4, reason = NULL`},
		"another name for what moved":   {pgtest.Foreign, `UPDATE stock SET sku = 'COFFEE'`},
		"a row of stock deleted":        {pgtest.Restrict, `DELETE FROM stock`},
		"stock truncated":               {pgtest.Restrict, `TRUNCATE stock CASCADE`},
		"a movement by hand":            {pgtest.Restrict, `INSERT INTO stock_movements (sku, delta, reason) VALUES ('TEA', 1, 'x')`},
		"a movement changed":            {pgtest.Restrict, `UPDATE stock_movements SET delta = 6`},
		"a movement deleted":            {pgtest.Restrict, `DELETE FROM stock_movements`},
		"movements truncated":           {pgtest.Restrict, `TRUNCATE stock_movements`},
	} {
		t.Run(name, func(t *testing.T) { pgtest.Refuses(t, db, c.state, c.sql) })
	}
	if n := onHand(t, db); n != 5 {
		t.Errorf("%d left, want 5", n)
	}
	checkMovements(t, db)
}

// However stock is changed, also by hand, the ledger of movements has it.
func TestNoChangeEscapesTheLedger(t *testing.T) {
	db := open(t, 5)
	for _, sql := range []string{
		`UPDATE stock SET on_hand = 7, reason = 'found two'`,
		`UPDATE stock SET on_hand = on_hand`,
		`INSERT INTO stock (sku, on_hand, reason) VALUES ('MUG', 3, 'new')`,
		`INSERT INTO stock (sku, on_hand, reason) VALUES ('MUG', 0, 'x') ON CONFLICT (sku) DO UPDATE SET on_hand = 9`,
		`MERGE INTO stock USING (VALUES ('TEA'), ('CUP')) AS v (sku) ON stock.sku = v.sku
			WHEN MATCHED THEN UPDATE SET on_hand = 1 WHEN NOT MATCHED THEN INSERT (sku, on_hand, reason) VALUES (v.sku, 2, 'merged')`,
	} {
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		checkMovements(t, db)
	}
}

// An order's lines are taken once and given back once, whatever the program does.
func TestAnOrderTakesAndGivesBackOnce(t *testing.T) {
	db := open(t, 5)
	id, lines := uuid.New(), []order.Line{{SKU: "TEA", Quantity: 2}}
	take := func(tx pgx.Tx) error { _, err := Take(t.Context(), tx, id, lines); return err }
	back := func(tx pgx.Tx) error { return GiveBack(t.Context(), tx, id, lines) }
	for _, c := range []struct {
		what string
		do   func(pgx.Tx) error
		ok   bool
		left int
	}{
		{"take", take, true, 3}, {"take again", take, false, 3},
		{"give back", back, true, 5}, {"give back again", back, false, 5}, {"take what was given back", take, false, 5},
	} {
		if err := pgx.BeginFunc(t.Context(), db, c.do); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.what, err)
		}
		if n := onHand(t, db); n != c.left {
			t.Errorf("%s: %d left, want %d", c.what, n, c.left)
		}
	}
	checkMovements(t, db)
}

// checkMovements checks that what is on hand is what the movements add up to.
func checkMovements(t *testing.T, db *pgxpool.Pool) {
	t.Helper()
	rows, _ := db.Query(t.Context(), `
		SELECT format('%s: %s on hand, but %s moved', sku, on_hand, coalesce(sum(delta), 0))
		FROM stock LEFT JOIN stock_movements USING (sku)
		GROUP BY sku, on_hand HAVING on_hand <> coalesce(sum(delta), 0)`)
	wrong, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(wrong) > 0 {
		t.Errorf("%v %v", wrong, err)
	}
}
