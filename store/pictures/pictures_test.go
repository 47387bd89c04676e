package pictures_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/fault"
	"triptych/domain/picture"
	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
	"triptych/store/pictures"
)

var noon = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)

var sizes = map[picture.Size][]byte{picture.Thumb: []byte("t"), picture.Small: []byte("s"), picture.Large: []byte("l")}

func upload(t *testing.T, db *pgxpool.Pool, sku string) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	if err := pictures.Insert(t.Context(), db, id, sku, []byte("original"), 9); err != nil {
		t.Fatal(err)
	}
	return id
}

func finish(t *testing.T, db *pgxpool.Pool, id uuid.UUID, at time.Time) {
	t.Helper()
	if err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
		return pictures.Finish(t.Context(), tx, id, sizes, at)
	}); err != nil {
		t.Fatal(err)
	}
}

func fail(t *testing.T, db *pgxpool.Pool, id uuid.UUID) {
	t.Helper()
	if err := pictures.Fail(t.Context(), db, id, "picture_damaged", "half of it is missing", noon); err != nil {
		t.Fatal(err)
	}
}

func shown(t *testing.T, db *pgxpool.Pool, sku string) pictures.State {
	t.Helper()
	found, err := pictures.Shown(t.Context(), db, []string{sku, "OTHER"})
	if err != nil {
		t.Fatal(err)
	}
	return found[sku]
}

func TestAProductShowsTheNewestThatIsReady(t *testing.T) {
	db := pgtest.New(t, pictures.Schema)
	check := func(when string, id uuid.UUID, status pictures.Status) {
		t.Helper()
		if got := shown(t, db, "TEA"); got.ID != id || got.Status != status {
			t.Errorf("%s: got %s %s, want %s %s", when, got.ID, got.Status, id, status)
		}
	}
	first := upload(t, db, "TEA")
	check("one uploaded", first, pictures.Processing)
	second := upload(t, db, "TEA")
	check("two uploaded", second, pictures.Processing)
	finish(t, db, second, noon)
	check("the newer ready", second, pictures.Ready)
	finish(t, db, first, noon)
	check("the older ready later", second, pictures.Ready)
	third := upload(t, db, "TEA")
	check("a third uploaded", second, pictures.Ready)
	fail(t, db, third)
	check("the third failed", second, pictures.Ready)

	newest, err := pictures.Newest(t.Context(), db, "TEA")
	want := pictures.State{ID: third, SKU: "TEA", Status: pictures.Failed, Code: "picture_damaged", Detail: "half of it is missing"}
	if err != nil || newest != want {
		t.Errorf("newest: got %+v, %v, want %+v", newest, err, want)
	}
	if _, err := pictures.Newest(t.Context(), db, "OTHER"); !fault.Is(err, "not_found") {
		t.Errorf("newest of none: got %v", err)
	}
}

func TestFinalStaysFinal(t *testing.T) {
	db := pgtest.New(t, pictures.Schema)
	done, failed := upload(t, db, "TEA"), upload(t, db, "TEA")
	finish(t, db, done, noon)
	fail(t, db, failed)
	fail(t, db, done)
	finish(t, db, failed, noon)
	for id, want := range map[uuid.UUID]pictures.Status{done: pictures.Ready, failed: pictures.Failed} {
		if got, err := pictures.Get(t.Context(), db, id); err != nil || got.Status != want {
			t.Errorf("got %+v, %v, want %s", got, err, want)
		}
	}
	for _, sql := range []string{
		`UPDATE pictures SET status = 'processing', original = '', finished_at = NULL WHERE id = $1`,
		`UPDATE pictures SET status = 'failed', reason_code = 'x', reason_detail = 'x' WHERE id = $1`,
		`UPDATE pictures SET original = 'again' WHERE id = $1`,
	} {
		if _, err := db.Exec(t.Context(), sql, done); err == nil {
			t.Errorf("the database let pass: %s", sql)
		}
	}
}

func TestJPEG(t *testing.T) {
	db := pgtest.New(t, pictures.Schema)
	id := upload(t, db, "TEA")
	if _, _, err := pictures.JPEG(t.Context(), db, id, "thumb"); !fault.Is(err, "not_found") {
		t.Errorf("while processing: got %v", err)
	}
	finish(t, db, id, noon)
	tags := map[string]bool{}
	for size, want := range sizes {
		got, tag, err := pictures.JPEG(t.Context(), db, id, string(size))
		if err != nil || string(got) != string(want) {
			t.Errorf("%s: got %q, %v", size, got, err)
		}
		tags[tag] = true
	}
	if len(tags) != 3 {
		t.Errorf("different pictures share an entity tag: %v", tags)
	}
}

func TestTheDatabaseIsTheQueue(t *testing.T) {
	db := pgtest.New(t, pictures.Schema)
	a, b, c := upload(t, db, "A"), upload(t, db, "B"), upload(t, db, "C")
	finish(t, db, b, noon)
	waiting := func(atWork ...uuid.UUID) (ids []uuid.UUID) {
		jobs, err := pictures.Waiting(t.Context(), db, atWork, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			ids = append(ids, j.ID)
		}
		return ids
	}
	if diff := cmp.Diff([]uuid.UUID{a, c}, waiting()); diff != "" {
		t.Errorf("waiting (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uuid.UUID{c}, waiting(a)); diff != "" {
		t.Errorf("waiting beside the one at work (-want +got):\n%s", diff)
	}
	for n := 1; n <= 2; n++ {
		original, attempt, err := pictures.Begin(t.Context(), db, a)
		if err != nil || string(original) != "original" || attempt != n {
			t.Errorf("got %q, attempt %d, %v, want attempt %d", original, attempt, err, n)
		}
	}
	if original, _, err := pictures.Begin(t.Context(), db, b); original != nil || err != nil {
		t.Errorf("a picture that is ready: got %q, %v", original, err)
	}
}

func TestForgetKeepsWhatIsShownAndWhatWasJustReplaced(t *testing.T) {
	db := pgtest.New(t, pictures.Schema)
	old, failed, shownNow, pending := upload(t, db, "TEA"), upload(t, db, "TEA"), upload(t, db, "TEA"), upload(t, db, "TEA")
	alone := upload(t, db, "ALONE")
	finish(t, db, old, noon)
	fail(t, db, failed)
	finish(t, db, shownNow, noon)
	finish(t, db, alone, noon)
	for _, step := range []struct {
		before time.Time
		kept   []uuid.UUID
	}{
		{noon, []uuid.UUID{old, failed, shownNow, pending, alone}},
		{noon.Add(time.Second), []uuid.UUID{shownNow, pending, alone}},
	} {
		if err := pictures.Forget(t.Context(), db, step.before); err != nil {
			t.Fatal(err)
		}
		rows, err := db.Query(t.Context(), `SELECT id FROM pictures ORDER BY id`)
		if err != nil {
			t.Fatal(err)
		}
		kept, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.kept, kept); diff != "" {
			t.Errorf("before %v (-want +got):\n%s", step.before, diff)
		}
	}
}
