package postgres_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"

	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
)

func files(contents ...string) fstest.MapFS {
	m := fstest.MapFS{}
	for i, sql := range contents {
		m[string(rune('1'+i))+"_step.sql"] = &fstest.MapFile{Data: []byte(sql)}
	}
	return m
}

const (
	makeParts = `CREATE TABLE parts (id int PRIMARY KEY)`
	makeUses  = `CREATE TABLE uses (part int REFERENCES parts); INSERT INTO uses VALUES (NULL)`
)

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(t.Context()) })
	return conn
}

func TestMigrateOnceAndOnwards(t *testing.T) {
	url := pgtest.URL(t)
	parts := postgres.Schema{Name: "parts", FS: files(makeParts)}
	uses := postgres.Schema{Name: "uses", FS: files(makeUses)}
	for range 2 {
		if err := postgres.Migrate(t.Context(), url, parts, uses); err != nil {
			t.Fatal(err)
		}
	}
	uses.FS = files(makeUses, `INSERT INTO uses VALUES (NULL)`)
	if err := postgres.Migrate(t.Context(), url, parts, uses); err != nil {
		t.Fatal(err)
	}
	if n := count(t, connect(t, url), `SELECT count(*) FROM uses`); n != 2 {
		t.Errorf("%d rows, want 2: each step once", n)
	}
}

func TestProgramsThatStartAtOnceMigrateOnce(t *testing.T) {
	url := pgtest.URL(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			err := postgres.Migrate(t.Context(), url, postgres.Schema{Name: "parts", FS: files(makeParts)})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestNewerDataIsLeftAlone(t *testing.T) {
	url := pgtest.URL(t)
	if err := postgres.Migrate(t.Context(), url, postgres.Schema{Name: "parts", FS: files(makeParts, makeUses)}); err != nil {
		t.Fatal(err)
	}
	err := postgres.Migrate(t.Context(), url, postgres.Schema{Name: "parts", FS: files(makeParts)})
	var newer *postgres.NewerError
	if !errors.As(err, &newer) || newer.Has != 2 || newer.Knows != 1 || !strings.Contains(err.Error(), "--fresh") {
		t.Errorf("error %v, want that the data is newer and what to do", err)
	}
}

func TestABrokenMigrationNamesItself(t *testing.T) {
	url := pgtest.URL(t)
	err := postgres.Migrate(t.Context(), url, postgres.Schema{Name: "parts", FS: files(makeParts, `CREATE TABEL x ()`)})
	if err == nil || !strings.Contains(err.Error(), "migrate parts: 2_step.sql") {
		t.Errorf("error %v, want the file's name", err)
	}
}

// The steps before a broken one stay, and the broken one leaves nothing behind.
func TestABrokenMigrationIsUndone(t *testing.T) {
	url := pgtest.URL(t)
	broken := postgres.Schema{Name: "parts", FS: files(makeParts, `CREATE TABLE more (); CREATE TABEL x ()`)}
	if err := postgres.Migrate(t.Context(), url, broken); err == nil {
		t.Fatal("a broken migration went well")
	}
	mended := postgres.Schema{Name: "parts", FS: files(makeParts, `CREATE TABLE more ()`)}
	if err := postgres.Migrate(t.Context(), url, mended); err != nil {
		t.Error(err)
	}
}

func TestMigrationsAreNumbered(t *testing.T) {
	for name, names := range map[string][]string{
		"a gap":          {"001_a.sql", "003_b.sql"},
		"no number":      {"a.sql"},
		"a number twice": {"001_a.sql", "001_b.sql"},
	} {
		m := fstest.MapFS{}
		for _, n := range names {
			m[n] = &fstest.MapFile{Data: []byte(`SELECT 1`)}
		}
		if err := postgres.Migrate(t.Context(), pgtest.URL(t), postgres.Schema{Name: "x", FS: m}); err == nil || !strings.Contains(err.Error(), "numbered") {
			t.Errorf("%s: error %v, want how they are to be numbered", name, err)
		}
	}
}
