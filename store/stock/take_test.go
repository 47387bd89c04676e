package stock

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/fault"
	"triptych/domain/order"
	"triptych/internal/postgres/pgtest"
)

// shelf returns a database with so many of each product.
func shelf(t *testing.T, products map[string]int) *pgxpool.Pool {
	t.Helper()
	db := pgtest.New(t, Schema)
	for sku, n := range products {
		err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
			if err := Open(t.Context(), tx, sku); err != nil || n == 0 {
				return err
			}
			_, _, err := Move(t.Context(), tx, sku, n, "delivery")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func take(t *testing.T, db *pgxpool.Pool, lines ...order.Line) (short string) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) (err error) {
		short, err = Take(t.Context(), tx, uuid.New(), lines)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return short
}

func line(sku string, n int) order.Line { return order.Line{SKU: sku, Quantity: n} }

// left returns how many of each product there are, as a map prints.
func left(t *testing.T, db *pgxpool.Pool) string {
	t.Helper()
	rows, _ := db.Query(t.Context(), `SELECT sku, on_hand FROM stock`)
	on := map[string]int{}
	var sku string
	var n int
	if _, err := pgx.ForEachRow(rows, []any{&sku, &n}, func() error { on[sku] = n; return nil }); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(on)
}

func TestTakeAllOrNone(t *testing.T) {
	db := shelf(t, map[string]int{"AAA": 5, "BBB": 1, "CCC": 0})
	for _, c := range []struct {
		lines       []order.Line
		short, left string
	}{
		{[]order.Line{line("AAA", 2), line("BBB", 1)}, "", "map[AAA:3 BBB:0 CCC:0]"},
		{[]order.Line{line("BBB", 1), line("AAA", 1)}, "BBB", "map[AAA:3 BBB:0 CCC:0]"},
		{[]order.Line{line("CCC", 1), line("BBB", 1), line("AAA", 1)}, "BBB", "map[AAA:3 BBB:0 CCC:0]"}, // the first by SKU
		{[]order.Line{line("AAA", 4)}, "AAA", "map[AAA:3 BBB:0 CCC:0]"},
		{[]order.Line{line("AAA", 3)}, "", "map[AAA:0 BBB:0 CCC:0]"},
	} {
		if short := take(t, db, c.lines...); short != c.short || left(t, db) != c.left {
			t.Errorf("%v: short of %q, left %s; want %q, %s", c.lines, short, left(t, db), c.short, c.left)
		}
	}
	checkMovements(t, db)
}

// What has no stock at all is out of stock: it must not be sold because
// nothing was found to take it from.
func TestTakeWhatHasNoStock(t *testing.T) {
	db := shelf(t, map[string]int{"AAA": 5})
	if short := take(t, db, line("AAA", 1), line("GHOST", 1)); short != "GHOST" || left(t, db) != "map[AAA:5]" {
		t.Errorf("short of %q, left %s", short, left(t, db))
	}
}

func TestGiveBackRestores(t *testing.T) {
	db := shelf(t, map[string]int{"AAA": 5, "BBB": 7})
	id, lines := uuid.New(), []order.Line{line("BBB", 3), line("AAA", 5)}
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		if short, err := Take(t.Context(), tx, id, lines); err != nil || short != "" {
			t.Errorf("take: short of %q, %v", short, err)
		}
		return GiveBack(t.Context(), tx, id, lines)
	})
	if err != nil || left(t, db) != "map[AAA:5 BBB:7]" {
		t.Errorf("left %s, %v", left(t, db), err)
	}
	checkMovements(t, db)
}

func TestWhatAnOrderTookIsKnown(t *testing.T) {
	db := shelf(t, map[string]int{"AAA": 5, "BBB": 7, "CCC": 0})
	id := uuid.New()
	var none, taken, after []order.Line
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) (err error) {
		if none, err = Taken(t.Context(), tx, id); err != nil {
			return err
		}
		if _, err := Take(t.Context(), tx, id, []order.Line{line("BBB", 3), line("AAA", 5)}); err != nil {
			return err
		}
		if taken, err = Taken(t.Context(), tx, id); err != nil {
			return err
		}
		if err := GiveBack(t.Context(), tx, id, taken); err != nil {
			return err
		}
		after, err = Taken(t.Context(), tx, id)
		return err
	})
	want := []order.Line{line("AAA", 5), line("BBB", 3)}
	if err != nil || len(none) != 0 || !cmp.Equal(taken, want) || !cmp.Equal(after, want) {
		t.Errorf("before %v, then %v, after giving back %v, %v", none, taken, after, err)
	}
}

func TestWhatIsOnHand(t *testing.T) {
	db := shelf(t, map[string]int{"AAA": 5, "BBB": 7, "CCC": 0})
	got, err := OnHand(t.Context(), db, []string{"CCC", "GONE", "AAA", "AAA"})
	if diff := cmp.Diff(map[string]int{"AAA": 5, "CCC": 0}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// Takers who list the same products in different orders, and givers back among
// them: nobody waits in a ring, which would end as a deadlock, and what is sold
// is what was there.
func TestTakersInARing(t *testing.T) {
	skus := []string{"AAA", "BBB", "CCC", "DDD"}
	db := shelf(t, map[string]int{"AAA": 60, "BBB": 60, "CCC": 60, "DDD": 60})
	var sold sync.Map
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			lines := make([]order.Line, len(skus))
			for i, n := range rand.Perm(len(skus)) {
				lines[i] = line(skus[n], 1)
			}
			id := uuid.New()
			err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
				short, err := Take(t.Context(), tx, id, lines)
				if err == nil && short == "" {
					sold.Store(id, lines)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
			if given, _ := sold.Load(id); given != nil && id[15]%4 == 0 { // one in four thinks better of it
				sold.Delete(id)
				if err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error { return GiveBack(t.Context(), tx, id, lines) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	n := 60
	sold.Range(func(any, any) bool { n--; return true })
	if want := fmt.Sprint(map[string]int{"AAA": n, "BBB": n, "CCC": n, "DDD": n}); n < 0 || left(t, db) != want {
		t.Errorf("left %s, want %s", left(t, db), want)
	}
	checkMovements(t, db)
}

func TestMovingByHand(t *testing.T) {
	db := shelf(t, map[string]int{"AAA": 5})
	for _, c := range []struct {
		delta, want int
		below       bool
	}{{3, 8, false}, {-8, 0, false}, {-1, 0, true}, {1, 1, false}, {-2, 0, true}, {-1, 0, false}} {
		got, ok, err := Move(t.Context(), db, "AAA", c.delta, "by hand")
		if !ok || fault.Is(err, "invalid") != c.below || err == nil == c.below || got != c.want {
			t.Errorf("%+d: got %d, %v, %v; want %d", c.delta, got, ok, err, c.want)
		}
	}
	if _, ok, err := Move(t.Context(), db, "GHOST", 1, "by hand"); ok || err != nil {
		t.Errorf("what there is not: got %v, %v", ok, err)
	}
	checkMovements(t, db)
}

func TestOpeningAgainChangesNothing(t *testing.T) {
	db := shelf(t, map[string]int{"AAA": 5})
	if err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error { return Open(t.Context(), tx, "AAA") }); err != nil || left(t, db) != "map[AAA:5]" {
		t.Errorf("left %s, %v", left(t, db), err)
	}
}
