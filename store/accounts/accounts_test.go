package accounts

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/account"
	"triptych/domain/fault"
	"triptych/internal/postgres/pgtest"
)

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

func ada() account.Account {
	return account.Account{ID: uuid.Must(uuid.NewV7()), Email: "Ada@Example.com", Name: "Ada", Role: account.Customer, CreatedAt: noon}
}

func insert(t *testing.T, db *pgxpool.Pool, a account.Account) {
	t.Helper()
	if err := Insert(t.Context(), db, a, "hash of "+a.Name); err != nil {
		t.Fatal(err)
	}
}

func TestAnAccountIsReadAsItWasStored(t *testing.T) {
	db := pgtest.New(t, Schema)
	want := ada()
	insert(t, db, want)
	got, ok, err := ByID(t.Context(), db, want.ID)
	got.CreatedAt = got.CreatedAt.UTC()
	if diff := cmp.Diff(want, got); diff != "" || !ok || err != nil {
		t.Errorf("by id: %v, %v (-want +got):\n%s", ok, err, diff)
	}
	for _, email := range []string{"Ada@Example.com", "ada@example.com", "ADA@EXAMPLE.COM"} {
		got, hash, ok, err := ByEmail(t.Context(), db, email)
		if got.ID != want.ID || got.Email != want.Email || hash != "hash of Ada" || !ok || err != nil {
			t.Errorf("by %s: got %+v, %q, %v, %v", email, got, hash, ok, err)
		}
	}
}

func TestAnAccountThatThereIsNot(t *testing.T) {
	db := pgtest.New(t, Schema)
	if _, ok, err := ByID(t.Context(), db, uuid.New()); ok || err != nil {
		t.Errorf("by id: %v, %v", ok, err)
	}
	if _, hash, ok, err := ByEmail(t.Context(), db, "ada@example.com"); ok || hash != "" || err != nil {
		t.Errorf("by e-mail address: %q, %v, %v", hash, ok, err)
	}
}

func TestAnAddressHasOneAccountInAnyCase(t *testing.T) {
	db := pgtest.New(t, Schema)
	insert(t, db, ada())
	for _, email := range []string{"Ada@Example.com", "ada@example.com", "ADA@EXAMPLE.COM"} {
		again := ada()
		again.Email = email
		if err := Insert(t.Context(), db, again, "another"); !fault.Is(err, "email_taken") {
			t.Errorf("%s: got %v", email, err)
		}
	}
	if _, hash, _, _ := ByEmail(t.Context(), db, "ada@example.com"); hash != "hash of Ada" {
		t.Errorf("the password is now %q", hash)
	}
	accented := ada()
	accented.Email = "É@example.com"
	insert(t, db, accented)
	if _, _, ok, err := ByEmail(t.Context(), db, "é@example.com"); !ok || err != nil {
		t.Errorf("É and é are two: %v", err)
	}
}

func TestOfManyAtOnceOneGetsTheAddress(t *testing.T) {
	db := pgtest.New(t, Schema)
	made := make(chan bool, 20)
	var wg sync.WaitGroup
	for i := range cap(made) {
		wg.Go(func() {
			a := ada()
			if i%2 == 0 {
				a.Email = strings.ToUpper(a.Email)
			}
			err := Insert(t.Context(), db, a, "hash")
			if err != nil && !fault.Is(err, "email_taken") {
				t.Error(err)
			}
			made <- err == nil
		})
	}
	wg.Wait()
	close(made)
	n := 0
	for ok := range made {
		if ok {
			n++
		}
	}
	if n != 1 {
		t.Errorf("%d accounts were made", n)
	}
}

func TestWhatTheDatabaseRefuses(t *testing.T) {
	db := pgtest.New(t, Schema)
	insert(t, db, ada())
	const add = `INSERT INTO accounts (id, email, email_key, name, role, password, created_at) VALUES (gen_random_uuid(), $1, $2, 'Ada', $3, 'hash', now())`
	pgtest.Refuses(t, db, pgtest.Unique, add, "ADA@example.com", "ada@example.com", "customer")
	pgtest.Refuses(t, db, pgtest.Check, add, "bob@example.com", "bob@example.com", "admin")
	pgtest.Refuses(t, db, pgtest.Check, `INSERT INTO sign_in_failures VALUES ('ada@example.com', now(), 0)`)
}

func TestFailuresCountForAMinuteFromTheFirst(t *testing.T) {
	db := pgtest.New(t, Schema)
	failures := func(email string, after time.Duration, want int) {
		t.Helper()
		if n, err := Failures(t.Context(), db, email, noon.Add(after), time.Minute); n != want || err != nil {
			t.Errorf("%s after %v: %d failures, %v; want %d", email, after, n, err, want)
		}
	}
	fail := func(email string, after time.Duration) {
		t.Helper()
		if err := Failed(t.Context(), db, email, noon.Add(after), time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	failures("ada@example.com", 0, 0)
	fail("ada@example.com", 0)
	fail("ADA@example.com", 30*time.Second)
	failures("Ada@example.com", 30*time.Second, 2)
	failures("bob@example.com", 30*time.Second, 0)
	failures("ada@example.com", time.Minute-1000, 2) // the database keeps microseconds
	failures("ada@example.com", time.Minute, 0)
	fail("ada@example.com", time.Minute) // begins anew
	failures("ada@example.com", time.Minute, 1)
	failures("ada@example.com", 2*time.Minute-1000, 1)
	failures("ada@example.com", 2*time.Minute, 0)
}

// Guesses that are made at once are all counted.
func TestFailuresAtOnceAreAllCounted(t *testing.T) {
	db := pgtest.New(t, Schema)
	var wg sync.WaitGroup
	for range 30 {
		wg.Go(func() {
			if err := Failed(t.Context(), db, "ada@example.com", noon, time.Minute); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n, err := Failures(t.Context(), db, "ada@example.com", noon, time.Minute); n != 30 || err != nil {
		t.Errorf("%d failures, %v", n, err)
	}
}

func TestOldFailuresAreForgotten(t *testing.T) {
	db := pgtest.New(t, Schema)
	for email, at := range map[string]time.Time{"old@example.com": noon, "new@example.com": noon.Add(time.Second)} {
		if err := Failed(t.Context(), db, email, at, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	if err := ForgetFailures(t.Context(), db, noon.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	var left string
	if err := db.QueryRow(t.Context(), `SELECT string_agg(email_key, ',') FROM sign_in_failures`).Scan(&left); err != nil || left != "new@example.com" {
		t.Errorf("left: %s, %v", left, err)
	}
}
