package orders

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/catalog"
	"triptych/domain/fault"
	"triptych/domain/money"
	"triptych/domain/order"
	"triptych/internal/postgres/pgtest"
)

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

// draft makes a pending order of n lines.
func draft(t testing.TB, account uuid.UUID, n int) order.Order {
	t.Helper()
	products, d := map[string]catalog.Product{}, order.Draft{ShipTo: order.Address{Name: "Ada", Line1: "12 St James's Square", City: "London", Postcode: "SW1Y 4JH", Country: "GB"}}
	for i := range n {
		sku := fmt.Sprintf("SKU-%d", n-i) // not in alphabetical order
		products[sku] = catalog.Product{SKU: sku, Name: "Thing " + sku, Price: money.Amount(100 + i)}
		d.Items = append(d.Items, order.Item{SKU: sku, Quantity: 1 + i})
	}
	o, err := order.New(uuid.Must(uuid.NewV7()), account, d, products, noon)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// in does something in a transaction.
func in(t testing.TB, db *pgxpool.Pool, do func(pgx.Tx) error) {
	t.Helper()
	if err := pgx.BeginFunc(t.Context(), db, do); err != nil {
		t.Fatal(err)
	}
}

// insert stores an order and returns it.
func insert(t testing.TB, db *pgxpool.Pool, o order.Order) order.Order {
	t.Helper()
	in(t, db, func(tx pgx.Tx) error { return Insert(t.Context(), tx, o) })
	return o
}

// push locks an order, moves it, and stores that.
func push(t testing.TB, db *pgxpool.Pool, id uuid.UUID, s order.Status, at time.Time) {
	t.Helper()
	in(t, db, func(tx pgx.Tx) error {
		o, _, err := Lock(t.Context(), tx, uuid.Nil, id)
		if err == nil {
			err = o.To(s, at)
		}
		if err != nil {
			return err
		}
		return Move(t.Context(), tx, o)
	})
}

func get(t testing.TB, db *pgxpool.Pool, account, id uuid.UUID) order.Order {
	t.Helper()
	o, ok, err := Get(t.Context(), db, account, id)
	if err != nil || !ok {
		t.Fatalf("get: %v, %v", ok, err)
	}
	return o
}

func TestAnOrderIsReadAsItWasStored(t *testing.T) {
	db := pgtest.New(t, Schema)
	pending, confirmed, rejected := draft(t, uuid.New(), 50), draft(t, uuid.New(), 1), draft(t, uuid.New(), 3)
	if err := confirmed.To(order.Confirmed, noon.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := rejected.Reject(order.Reason{Code: "out_of_stock", Detail: "not enough SKU-1 in stock", SKU: "SKU-1"}, noon.Add(time.Microsecond)); err != nil {
		t.Fatal(err)
	}
	rejected.ShipTo.Line2 = "Flat 2"
	for _, want := range []order.Order{pending, confirmed, rejected} {
		insert(t, db, want)
		if diff := cmp.Diff(want, get(t, db, want.Account, want.ID), sameTime); diff != "" {
			t.Errorf("a %s order (-stored +read):\n%s", want.Status, diff)
		}
	}
}

var sameTime = cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })

func TestAMoveIsStored(t *testing.T) {
	db := pgtest.New(t, Schema)
	want := insert(t, db, draft(t, uuid.New(), 2))
	for i, s := range []order.Status{order.Confirmed, order.Cancelling, order.Cancelled} {
		at := noon.Add(time.Duration(i+1) * time.Minute)
		push(t, db, want.ID, s, at)
		if err := want.To(s, at); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, get(t, db, uuid.Nil, want.ID), sameTime); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s, diff)
		}
	}
}

func TestARejectionIsStoredWithItsReason(t *testing.T) {
	db := pgtest.New(t, Schema)
	want := insert(t, db, draft(t, uuid.New(), 1))
	in(t, db, func(tx pgx.Tx) error {
		if err := want.Reject(order.Reason{Code: "payment_declined", Detail: "the card was declined"}, noon); err != nil {
			return err
		}
		return Move(t.Context(), tx, want)
	})
	if diff := cmp.Diff(want, get(t, db, uuid.Nil, want.ID), sameTime); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestAnothersOrderIsNotFound(t *testing.T) {
	db := pgtest.New(t, Schema)
	mine, theirs := uuid.New(), uuid.New()
	o := insert(t, db, draft(t, mine, 1))
	for account, want := range map[uuid.UUID]bool{mine: true, theirs: false, uuid.Nil: true} {
		_, got, err := Get(t.Context(), db, account, o.ID)
		if got != want || err != nil {
			t.Errorf("Get: %v, %v; want %v", got, err, want)
		}
		in(t, db, func(tx pgx.Tx) error {
			_, got, err := Lock(t.Context(), tx, account, o.ID)
			if got != want {
				t.Errorf("Lock: %v, want %v", got, want)
			}
			return err
		})
		listed, err := List(t.Context(), db, account, "", uuid.Nil, 10)
		if (len(listed) == 1) != want || err != nil {
			t.Errorf("List: %d orders, %v; want %v", len(listed), err, want)
		}
	}
	if _, ok, err := Get(t.Context(), db, mine, uuid.New()); ok || err != nil {
		t.Errorf("an order that there is not: %v, %v", ok, err)
	}
}

// While one locks an order, another who locks it waits, and then sees the
// order as the first left it, history included.
func TestALockedOrderIsSeenAsTheOtherLeftIt(t *testing.T) {
	db := pgtest.New(t, Schema)
	o := insert(t, db, draft(t, uuid.New(), 1))
	push(t, db, o.ID, order.Confirmed, noon)
	cancelled := make(chan error, 1)
	in(t, db, func(tx pgx.Tx) error {
		o, _, err := Lock(t.Context(), tx, uuid.Nil, o.ID)
		if err != nil {
			return err
		}
		go func() {
			cancelled <- pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
				o, _, err := Lock(t.Context(), tx, uuid.Nil, o.ID)
				if err != nil {
					return err
				}
				if n := len(o.History); n != 3 || o.History[2].Status != o.Status {
					t.Errorf("a %s order has the history %v", o.Status, o.History)
				}
				return o.To(order.Cancelled, noon)
			})
		}()
		pgtest.AwaitLock(t, db)
		if err := o.To(order.Shipped, noon); err != nil {
			return err
		}
		return Move(t.Context(), tx, o)
	})
	if err := <-cancelled; !fault.Is(err, "order_shipped") {
		t.Errorf("cancelling an order that was just shipped: %v", err)
	}
}

// A reader never sees half of a move: the status of before with the history of
// after, or the other way round.
func TestAnOrderIsReadInOnePiece(t *testing.T) {
	db := pgtest.New(t, Schema)
	account := uuid.New()
	var ids []uuid.UUID
	for range 60 {
		ids = append(ids, insert(t, db, draft(t, account, 2)).ID)
	}
	var readers, movers sync.WaitGroup
	done := make(chan struct{})
	whole := func(o order.Order) {
		if o.Status != o.History[len(o.History)-1].Status {
			t.Errorf("a %s order has the history %v", o.Status, o.History)
		}
	}
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				found, err := List(t.Context(), db, account, "", uuid.Nil, 5)
				if err != nil {
					t.Error(err)
				}
				for _, o := range found {
					whole(o)
				}
			}
		})
	}
	for _, id := range ids[len(ids)-5:] {
		movers.Go(func() {
			for i, s := range []order.Status{order.Confirmed, order.Cancelling, order.Cancelled} {
				push(t, db, id, s, noon.Add(time.Duration(i)))
			}
		})
	}
	movers.Wait()
	close(done)
	readers.Wait()
}
