package orders

import (
	"testing"

	"github.com/google/uuid"

	"triptych/internal/postgres/pgtest"
)

func BenchmarkGet(b *testing.B) {
	db := pgtest.New(b, Schema)
	o := insert(b, db, draft(b, uuid.New(), 3))
	for b.Loop() {
		get(b, db, o.Account, o.ID)
	}
}

func BenchmarkList(b *testing.B) {
	db := pgtest.New(b, Schema)
	account := uuid.New()
	for range 200 {
		insert(b, db, draft(b, account, 3))
	}
	if _, err := db.Exec(b.Context(), `ANALYZE`); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := List(b.Context(), db, account, "", uuid.Nil, 20); err != nil {
			b.Fatal(err)
		}
	}
}
