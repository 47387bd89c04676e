package catalogue

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/catalog"
	"triptych/internal/postgres/pgtest"
)

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

func tea() catalog.Product {
	return catalog.Product{SKU: "TEA", Name: "Tea", Description: "Black.", Category: "Drinks", Price: 250, UpdatedAt: noon}
}

func put(t *testing.T, db *pgxpool.Pool, p catalog.Product) (created bool) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) (err error) {
		created, err = Put(t.Context(), tx, p)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return created
}

func TestAProductIsNewOnce(t *testing.T) {
	db := pgtest.New(t, Schema)
	p := tea()
	if !put(t, db, p) {
		t.Error("the first time it is not new")
	}
	p.Name, p.Description, p.Category, p.Price, p.UpdatedAt = "Green tea", "Green.", "Leaves", 300, noon.Add(time.Second)
	for range 2 {
		if put(t, db, p) {
			t.Error("it is new again")
		}
	}
	checkStored(t, db, p)
}

// A product that is put twice at once is new for one of the two.
func TestAProductPutTwiceAtOnceIsNewOnce(t *testing.T) {
	db := pgtest.New(t, Schema)
	second := make(chan bool, 1)
	var first bool
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) (err error) {
		first, err = Put(t.Context(), tx, tea())
		go func() { second <- put(t, db, tea()) }()
		pgtest.AwaitLock(t, db)
		return err
	})
	if err != nil || !first || <-second {
		t.Errorf("the first is new: %v, %v; or the second is too", first, err)
	}
}

func checkStored(t *testing.T, db *pgxpool.Pool, want catalog.Product) {
	t.Helper()
	got, err := BySKU(t.Context(), db, []string{want.SKU})
	if err != nil {
		t.Fatal(err)
	}
	p := got[want.SKU]
	p.UpdatedAt = p.UpdatedAt.UTC()
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("product (-stored +read):\n%s", diff)
	}
}

func TestProductsAreFoundBySKU(t *testing.T) {
	db := pgtest.New(t, Schema)
	mug := tea()
	mug.SKU = "MUG"
	put(t, db, tea())
	put(t, db, mug)
	got, err := BySKU(t.Context(), db, []string{"TEA", "GONE", "TEA"})
	if err != nil || len(got) != 1 || got["TEA"].Price != 250 {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := BySKU(t.Context(), db, nil); err != nil || len(got) != 0 {
		t.Errorf("of none: got %v, %v", got, err)
	}
}

func TestWhatTheDatabaseRefuses(t *testing.T) {
	db := pgtest.New(t, Schema)
	put(t, db, tea())
	pgtest.Refuses(t, db, pgtest.Check, `UPDATE products SET price = 0`)
	pgtest.Refuses(t, db, pgtest.Unique, `INSERT INTO products SELECT * FROM products`)
	for _, sku := range []string{"", "AB", "tea", "TEA 1", "TEA\n", "ТЕА"} {
		pgtest.Refuses(t, db, pgtest.Check, `UPDATE products SET sku = $1`, sku)
	}
}
