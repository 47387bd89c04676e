package main

import (
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"triptych/api"
	"triptych/domain/account"
	"triptych/domain/catalog"
	"triptych/domain/order"
	"triptych/internal/postgres/pgtest"
	"triptych/internal/token"
)

// open returns a shop of the test's own, in a database of its own.
func open(t testing.TB) *shop {
	t.Helper()
	seed := make([]byte, 32)
	_, _ = rand.Read(seed)
	tokens, err := token.NewSigner(seed)
	if err != nil {
		t.Fatal(err)
	}
	return newShop(pgtest.New(t, schemas...), tokens)
}

// customer makes an account that buys.
func customer(t testing.TB, s *shop) api.Caller {
	t.Helper()
	id := newID()
	a, err := s.CreateAccount(t.Context(), account.New{Email: id.String() + "@example.com", Password: "correct horse", Name: "Ada"})
	if err != nil {
		t.Fatal(err)
	}
	return api.Caller{Account: a.ID, Role: a.Role}
}

// product puts a product with some stock on sale.
func product(t testing.TB, s *shop, sku string, price, onHand int) {
	t.Helper()
	p := catalog.Product{SKU: sku, Name: "Product " + sku, Category: "Test", Price: 1}
	p.Price = p.Price.Times(price)
	if _, _, err := s.PutProduct(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if onHand > 0 {
		if _, err := s.MoveStock(t.Context(), sku, onHand, "delivery"); err != nil {
			t.Fatal(err)
		}
	}
}

// once returns a request that has not been sent before.
func once() api.Once { return api.Once{Key: uuid.NewString(), Fingerprint: [32]byte{1}} }

// draft orders items, given as "SKU", quantity, "SKU", quantity …, with a card
// that is good.
func draft(items ...any) order.Draft {
	d := order.Draft{
		ShipTo: order.Address{Name: "Ada Lovelace", Line1: "12 St James's Square", City: "London", Postcode: "SW1Y 4JH", Country: "GB"},
		Token:  "tok_visa",
	}
	for i := 0; i < len(items); i += 2 {
		d.Items = append(d.Items, order.Item{SKU: items[i].(string), Quantity: items[i+1].(int)})
	}
	return d
}

func onHand(t testing.TB, s *shop, sku string) int {
	t.Helper()
	l, err := s.Product(t.Context(), sku, 0)
	if err != nil {
		t.Fatal(err)
	}
	return l.Stock
}

// checkBooks looks at every row, for what must hold whatever happened.
func checkBooks(t testing.TB, s *shop) {
	t.Helper()
	for what, sql := range map[string]string{
		"stock that is not the sum of its movements": `
			SELECT sku FROM stock LEFT JOIN stock_movements m USING (sku)
			GROUP BY sku, on_hand HAVING on_hand <> coalesce(sum(m.delta), 0)`,
		"charges that do not sum to zero": `
			SELECT key FROM ledger_entries GROUP BY key HAVING sum(amount) <> 0`,
		"orders that hold stock they should not, or lack it": `
			SELECT o.id::text FROM orders o JOIN order_lines l ON l.order_id = o.id
			LEFT JOIN stock_movements m ON m.order_id = o.id AND m.sku = l.sku
			GROUP BY o.id, o.status, l.n, l.quantity
			HAVING coalesce(-sum(m.delta), 0) <> CASE WHEN o.status IN ('confirmed', 'shipped') THEN l.quantity ELSE 0 END`,
		"orders whose payment is not what it should be": `
			SELECT o.id::text FROM orders o
			LEFT JOIN ledger_entries e ON e.order_id = o.id AND e.ledger = 'card_receivable'
			GROUP BY o.id, o.status, o.total
			HAVING coalesce(sum(e.amount), 0) <> CASE WHEN o.status IN ('confirmed', 'shipped') THEN o.total ELSE 0 END`,
		"orders without exactly one key": `
			SELECT o.id::text FROM orders o LEFT JOIN idempotent_requests r ON r.made = o.id
			GROUP BY o.id HAVING count(r.made) <> 1`,
		"orders whose history does not end in their status": `
			SELECT o.id::text FROM orders o
			WHERE o.status <> (SELECT h.status FROM order_history h WHERE h.order_id = o.id ORDER BY n DESC LIMIT 1)`,
	} {
		rows, err := s.db.Query(t.Context(), sql)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		for rows.Next() {
			t.Errorf("the books: %s: %v", what, fmt.Sprint(rows.Values()))
		}
	}
}
