package pgtest_test

import (
	"testing"
	"testing/fstest"

	"triptych/internal/postgres/pgtest"
)

func schema(sql string) pgtest.Schema {
	return pgtest.Schema{Name: "things", FS: fstest.MapFS{"001_things.sql": {Data: []byte(sql)}}}
}

func TestEachTestHasItsOwn(t *testing.T) {
	s := schema(`CREATE TABLE things (id int PRIMARY KEY)`)
	a, b := pgtest.New(t, s), pgtest.New(t, s)
	if _, err := a.Exec(t.Context(), `INSERT INTO things VALUES (1)`); err != nil {
		t.Fatal(err)
	}
	var n int
	if err := b.QueryRow(t.Context(), `SELECT count(*) FROM things`).Scan(&n); err != nil || n != 0 {
		t.Errorf("the other test's database has %d rows, %v; want 0", n, err)
	}
}

func TestAnEditedSchemaIsANewTemplate(t *testing.T) {
	pgtest.New(t, schema(`CREATE TABLE things (id int PRIMARY KEY)`))
	b := pgtest.New(t, schema(`CREATE TABLE things (id int PRIMARY KEY, name text)`))
	if _, err := b.Exec(t.Context(), `INSERT INTO things VALUES (1, 'kettle')`); err != nil {
		t.Error(err)
	}
}

func BenchmarkNew(b *testing.B) {
	s := schema(`CREATE TABLE things (id int PRIMARY KEY)`)
	for b.Loop() {
		pgtest.New(b, s)
	}
}
