package authorisations

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/payment"
	"triptych/internal/postgres/pgtest"
)

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

func approved() payment.Authorisation {
	return payment.Decision{Approved: true}.Authorisation(uuid.New(), 3544, 591, noon, payment.Lifetime)
}

func insert(t *testing.T, db *pgxpool.Pool, a payment.Authorisation) (inserted bool) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) (err error) {
		inserted, err = Insert(t.Context(), tx, a)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return inserted
}

func lock(t *testing.T, db *pgxpool.Pool, id uuid.UUID, then func(pgx.Tx, payment.Authorisation) error) {
	t.Helper()
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		a, err := Lock(t.Context(), tx, id)
		if err != nil {
			return err
		}
		return then(tx, a)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func check(t *testing.T, db *pgxpool.Pool, want payment.Authorisation) {
	t.Helper()
	got, ok, err := Get(t.Context(), db, want.Order)
	if !got.Expires.IsZero() {
		got.Expires = got.Expires.UTC()
	}
	if diff := cmp.Diff(want, got); diff != "" || !ok || err != nil {
		t.Errorf("%v, %v (-want +got):\n%s", ok, err, diff)
	}
}

func TestTheFirstAuthorisationStands(t *testing.T) {
	db := pgtest.New(t, Schema)
	a := approved()
	if _, ok, err := Get(t.Context(), db, a.Order); ok || err != nil {
		t.Errorf("before: %v, %v", ok, err)
	}
	again := a
	again.Total, again.Status, again.Detail = 4000, payment.Refused, "the card was declined"
	if !insert(t, db, a) || insert(t, db, again) || insert(t, db, payment.Unwanted(a.Order)) {
		t.Error("it is not stored once")
	}
	check(t, db, a)
}

func TestWhatBecameOfItIsKept(t *testing.T) {
	db := pgtest.New(t, Schema)
	a := approved()
	insert(t, db, a)
	for _, s := range []payment.Status{payment.Captured, payment.Refunded} {
		lock(t, db, a.Order, func(tx pgx.Tx, locked payment.Authorisation) error {
			locked.Status, a.Status = s, s
			return Update(t.Context(), tx, locked)
		})
		check(t, db, a)
	}
}

func TestThereIsNoneOnceItWasAskedForInVain(t *testing.T) {
	db := pgtest.New(t, Schema)
	a := approved()
	lock(t, db, a.Order, func(_ pgx.Tx, got payment.Authorisation) error {
		if got != payment.Unwanted(a.Order) {
			t.Errorf("got %+v", got)
		}
		return nil
	})
	if insert(t, db, a) {
		t.Error("it is stored")
	}
	check(t, db, payment.Unwanted(a.Order))
}

// An authorisation that is just being stored is waited for.
func TestOneThatIsJustStoredIsLocked(t *testing.T) {
	db := pgtest.New(t, Schema)
	a := approved()
	got := make(chan payment.Authorisation, 1)
	err := pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
		_, err := Insert(t.Context(), tx, a)
		go pgx.BeginFunc(t.Context(), db, func(tx pgx.Tx) error {
			locked, err := Lock(t.Context(), tx, a.Order)
			got <- locked
			return err
		})
		pgtest.AwaitLock(t, db)
		return err
	})
	if locked := <-got; err != nil || locked.Status != payment.Approved {
		t.Errorf("got %+v, %v", locked, err)
	}
}

// The database lets a payment move exactly as the rules do.
func TestTheDatabaseKnowsTheMoves(t *testing.T) {
	details := map[payment.Status]string{
		payment.Approved: "", payment.Captured: "", payment.Refunded: "",
		payment.Refused: "x", payment.Lapsed: "x", payment.Voided: "x",
	}
	paths := map[payment.Status][]payment.Status{ // how to get there
		payment.Approved: {payment.Approved}, payment.Refused: {payment.Refused}, payment.Voided: {payment.Voided},
		payment.Captured: {payment.Approved, payment.Captured}, payment.Lapsed: {payment.Approved, payment.Lapsed},
		payment.Refunded: {payment.Approved, payment.Captured, payment.Refunded},
	}
	db := pgtest.New(t, Schema)
	for from, path := range paths {
		for to, detail := range details {
			a := approved()
			a.Status, a.Detail = path[0], details[path[0]]
			insert(t, db, a)
			for _, s := range path[1:] {
				if _, err := db.Exec(t.Context(), `UPDATE authorisations SET status = $2, detail = $3 WHERE order_id = $1`, a.Order, s, details[s]); err != nil {
					t.Fatal(err)
				}
			}
			_, err := db.Exec(t.Context(), `UPDATE authorisations SET status = $2, detail = $3 WHERE order_id = $1`, a.Order, to, detail)
			if (err == nil) != from.May(to) {
				t.Errorf("%s to %s: %v; the rules say %v", from, to, err, from.May(to))
			}
		}
	}
}

func TestWhatTheDatabaseRefuses(t *testing.T) {
	db := pgtest.New(t, Schema)
	a := approved()
	insert(t, db, a)
	const add = `INSERT INTO authorisations (order_id, status, detail, total, vat, expires_at) VALUES `
	for name, c := range map[string]struct{ state, sql string }{
		"a second":                      {pgtest.Unique, `INSERT INTO authorisations SELECT * FROM authorisations`},
		"another status":                {pgtest.Restrict, add + `(gen_random_uuid(), 'lost', 'x', 2, 1, now())`},
		"captured from the start":       {pgtest.Restrict, add + `(gen_random_uuid(), 'captured', '', 2, 1, now())`},
		"refused for no reason":         {pgtest.Check, add + `(gen_random_uuid(), 'declined', '', 2, 1, now())`},
		"approved, and why not":         {pgtest.Check, add + `(gen_random_uuid(), 'approved', 'x', 2, 1, now())`},
		"approved for ever":             {pgtest.Check, add + `(gen_random_uuid(), 'approved', '', 2, 1, NULL)`},
		"approved of nothing":           {pgtest.Check, add + `(gen_random_uuid(), 'approved', '', 0, 0, NULL)`},
		"without tax":                   {pgtest.Check, add + `(gen_random_uuid(), 'approved', '', 2, 0, now())`},
		"of less than nothing":          {pgtest.Check, add + `(gen_random_uuid(), 'approved', '', -1, -2, now())`},
		"another total":                 {pgtest.Restrict, `UPDATE authorisations SET status = 'captured', total = total + 1`},
		"another tax":                   {pgtest.Restrict, `UPDATE authorisations SET status = 'captured', vat = vat + 1`},
		"a longer life":                 {pgtest.Restrict, `UPDATE authorisations SET status = 'captured', expires_at = expires_at + interval '1 s'`},
		"another order":                 {pgtest.Restrict, `UPDATE authorisations SET status = 'captured', order_id = gen_random_uuid()`},
		"deleted":                       {pgtest.Restrict, `DELETE FROM authorisations`},
		"all of them deleted":           {pgtest.Restrict, `TRUNCATE authorisations`},
		"captured, and why it was not":  {pgtest.Check, `UPDATE authorisations SET status = 'captured', detail = 'x'`},
		"nothing changed but the clock": {pgtest.Restrict, `UPDATE authorisations SET changed_at = now()`},
	} {
		t.Run(name, func(t *testing.T) { pgtest.Refuses(t, db, c.state, c.sql) })
	}
	check(t, db, a)
}
