package orders

import (
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/order"
	"triptych/internal/postgres/pgtest"
)

func list(t *testing.T, db *pgxpool.Pool, account uuid.UUID, status order.Status, after uuid.UUID, limit int) (ids []uuid.UUID) {
	t.Helper()
	found, err := List(t.Context(), db, account, status, after, limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range found {
		if len(o.Lines) == 0 || len(o.History) == 0 {
			t.Errorf("order %s is listed without its lines or its history", o.ID)
		}
		ids = append(ids, o.ID)
	}
	return ids
}

func TestOrdersAreListedNewestFirst(t *testing.T) {
	db := pgtest.New(t, Schema)
	ada, bob := uuid.New(), uuid.New()
	var adas, all []uuid.UUID // newest first
	for i := range 6 {
		account := ada
		if i%3 == 2 {
			account = bob
		}
		o := insert(t, db, draft(t, account, 1+i%2))
		all = slices.Insert(all, 0, o.ID)
		if account == ada {
			adas = slices.Insert(adas, 0, o.ID)
		}
	}
	push(t, db, adas[1], order.Confirmed, noon)
	for _, c := range []struct {
		what    string
		account uuid.UUID
		status  order.Status
		after   uuid.UUID
		limit   int
		want    []uuid.UUID
	}{
		{"Ada's", ada, "", uuid.Nil, 10, adas},
		{"everybody's", uuid.Nil, "", uuid.Nil, 10, all},
		{"a page", uuid.Nil, "", uuid.Nil, 2, all[:2]},
		{"the page after that", uuid.Nil, "", all[1], 2, all[2:4]},
		{"the page after the last", uuid.Nil, "", all[5], 2, nil},
		{"Ada's, a page", ada, "", adas[0], 2, adas[1:3]},
		{"Ada's confirmed", ada, order.Confirmed, uuid.Nil, 10, adas[1:2]},
		{"everybody's confirmed", uuid.Nil, order.Confirmed, uuid.Nil, 10, adas[1:2]},
		{"Ada's pending after the confirmed", ada, order.Pending, adas[1], 10, adas[2:]},
		{"nobody's", uuid.New(), "", uuid.Nil, 10, nil},
		{"shipped", uuid.Nil, order.Shipped, uuid.Nil, 10, nil},
	} {
		if got := list(t, db, c.account, c.status, c.after, c.limit); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
}

// Orders that are placed while somebody turns pages neither show up among the
// older ones nor push one onto two pages.
func TestPagesAreStableWhileOrdersArePlaced(t *testing.T) {
	db := pgtest.New(t, Schema)
	ada := uuid.New()
	var want, got []uuid.UUID
	for range 5 {
		want = slices.Insert(want, 0, insert(t, db, draft(t, ada, 1)).ID)
	}
	after := uuid.Nil
	for range 3 {
		got = append(got, list(t, db, ada, "", after, 2)...)
		after = got[len(got)-1]
		insert(t, db, draft(t, ada, 1))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
