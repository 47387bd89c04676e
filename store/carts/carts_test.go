package carts

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/fault"
	"triptych/domain/order"
	"triptych/internal/postgres/pgtest"
)

func set(t *testing.T, db *pgxpool.Pool, account uuid.UUID, sku string, quantity int) error {
	return pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		return Set(t.Context(), tx, account, order.Item{SKU: sku, Quantity: quantity})
	})
}

func items(t *testing.T, db *pgxpool.Pool, account uuid.UUID) []order.Item {
	t.Helper()
	found, err := Items(t.Context(), db, account)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestACartKeepsTheOrderOfFirstAdding(t *testing.T) {
	db := pgtest.New(t, Schema)
	ada, bob := uuid.New(), uuid.New()
	for _, c := range []struct {
		account  uuid.UUID
		sku      string
		quantity int
		want     []order.Item // Ada's
	}{
		{ada, "TEA", 1, []order.Item{{SKU: "TEA", Quantity: 1}}},
		{ada, "CUP", 2, []order.Item{{SKU: "TEA", Quantity: 1}, {SKU: "CUP", Quantity: 2}}},
		{bob, "MUG", 9, []order.Item{{SKU: "TEA", Quantity: 1}, {SKU: "CUP", Quantity: 2}}},
		{ada, "TEA", 5, []order.Item{{SKU: "TEA", Quantity: 5}, {SKU: "CUP", Quantity: 2}}},
		{ada, "TEA", 0, []order.Item{{SKU: "CUP", Quantity: 2}}},
		{ada, "TEA", 0, []order.Item{{SKU: "CUP", Quantity: 2}}}, // again
		{ada, "TEA", 7, []order.Item{{SKU: "CUP", Quantity: 2}, {SKU: "TEA", Quantity: 7}}},
	} {
		if err := set(t, db, c.account, c.sku, c.quantity); err != nil {
			t.Fatal(err)
		}
		if got := items(t, db, ada); !slices.Equal(got, c.want) {
			t.Errorf("after %d of %s: got %v, want %v", c.quantity, c.sku, got, c.want)
		}
	}
	if err := Clear(t.Context(), db, ada); err != nil || len(items(t, db, ada)) != 0 || len(items(t, db, bob)) != 1 {
		t.Errorf("cleared: %v; Ada has %v, Bob %v", err, items(t, db, ada), items(t, db, bob))
	}
}

func TestACartHoldsFiftyProducts(t *testing.T) {
	db := pgtest.New(t, Schema)
	ada := uuid.New()
	for i := range order.MaxLines {
		if err := set(t, db, ada, fmt.Sprintf("SKU-%d", i), 1); err != nil {
			t.Fatal(err)
		}
	}
	if err := set(t, db, ada, "ONE-MORE", 1); !fault.Is(err, "invalid") {
		t.Errorf("one more: got %v", err)
	}
	if err := set(t, db, ada, "SKU-7", 99); err != nil {
		t.Errorf("more of one that is there: %v", err)
	}
	if err := set(t, db, ada, "SKU-7", 0); err != nil {
		t.Errorf("one taken away: %v", err)
	}
	if err := set(t, db, ada, "ONE-MORE", 1); err != nil {
		t.Errorf("and one more then: %v", err)
	}
	if err := set(t, db, uuid.New(), "TEA", 1); err != nil {
		t.Errorf("another's first: %v", err)
	}
}

// Many who add to one cart at once do not get past its limit.
func TestTheLastPlaceIsTakenOnce(t *testing.T) {
	db := pgtest.New(t, Schema)
	ada := uuid.New()
	for i := range order.MaxLines - 1 {
		if err := set(t, db, ada, fmt.Sprintf("SKU-%d", i), 1); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := set(t, db, ada, fmt.Sprintf("NEW-%d", i), 1); err != nil && !fault.Is(err, "invalid") {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(items(t, db, ada)); n != order.MaxLines {
		t.Errorf("the cart holds %d products", n)
	}
}

func TestWhatTheDatabaseRefuses(t *testing.T) {
	db := pgtest.New(t, Schema)
	if err := set(t, db, uuid.New(), "TEA", 1); err != nil {
		t.Fatal(err)
	}
	pgtest.Refuses(t, db, pgtest.Check, `UPDATE cart_lines SET quantity = 0`)
	pgtest.Refuses(t, db, pgtest.Check, `UPDATE cart_lines SET quantity = 100`)
	pgtest.Refuses(t, db, pgtest.Unique, `INSERT INTO cart_lines (account_id, sku, quantity) SELECT account_id, sku, 1 FROM cart_lines`)
}
