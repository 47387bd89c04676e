package reports_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/domain/money"
	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
	"triptych/store/reports"
)

var (
	monday  = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	tuesday = monday.AddDate(0, 0, 1)
	sunday  = monday.AddDate(0, 0, 6)
)

// A fact is an event that is applied in a transaction.
type fact func(context.Context, pgx.Tx) error

func sold(id uuid.UUID, at time.Time, lines ...reports.Line) fact {
	s := reports.Sale{Order: id, At: at, Lines: lines, Discount: 10}
	for _, l := range lines {
		s.Total += l.Total
	}
	s.VAT = s.Total.Ratio(20, 120)
	return func(ctx context.Context, tx pgx.Tx) error { return reports.Confirmed(ctx, tx, s) }
}

func cancelling(id uuid.UUID) fact {
	return func(ctx context.Context, tx pgx.Tx) error { return reports.Cancelling(ctx, tx, id) }
}

func cancelled(id uuid.UUID) fact {
	return func(ctx context.Context, tx pgx.Tx) error { return reports.Cancelled(ctx, tx, id) }
}

func apply(t *testing.T, db *pgxpool.Pool, facts ...fact) {
	t.Helper()
	for _, f := range facts {
		if err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error { return f(t.Context(), tx) }); err != nil {
			t.Fatal(err)
		}
	}
}

func report(t *testing.T, db *pgxpool.Pool, from, to time.Time) (r reports.Report) {
	t.Helper()
	err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) (err error) {
		if err := reports.Freeze(t.Context(), tx); err != nil {
			return err
		}
		r, err = reports.Sales(t.Context(), tx, from, to)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func line(sku string, quantity int, total money.Amount) reports.Line {
	return reports.Line{SKU: sku, Quantity: quantity, Total: total}
}

// week is facts about five orders, and what a report of the week says of them.
func week() ([]fact, reports.Report) {
	id := make([]uuid.UUID, 5)
	for i := range id {
		id[i] = uuid.New()
	}
	return []fact{
			sold(id[0], monday, line("TEA", 2, 600), line("POT", 1, 3000)),
			sold(id[1], monday.Add(24*time.Hour-time.Microsecond), line("TEA", 1, 300)),
			sold(id[2], tuesday, line("POT", 1, 3000)),
			sold(id[3], tuesday.Add(time.Hour), line("TEA", 7, 2100)),
			sold(id[4], tuesday.Add(time.Hour), line("TEA", 9, 2700)),
			cancelling(id[3]),
			cancelling(id[4]), cancelled(id[4]),
		}, reports.Report{
			Orders: 3, Cancelled: 1, Revenue: 6900, VAT: 600 + 50 + 500, Discount: 30,
			Days:     []reports.Day{{"2026-11-23", 2, 3900}, {"2026-11-24", 1, 3000}},
			Products: []reports.Product{{"POT", 2, 6000}, {"TEA", 3, 900}},
		}
}

func TestWhatWasSold(t *testing.T) {
	db := pgtest.New(t, reports.Schema)
	facts, want := week()
	apply(t, db, facts...)
	for _, c := range []struct {
		from, to time.Time
		want     reports.Report
	}{
		{monday, sunday, want},
		{monday, tuesday, want},
		{tuesday, tuesday, reports.Report{
			Orders: 1, Cancelled: 1, Revenue: 3000, VAT: 500, Discount: 10,
			Days: []reports.Day{{"2026-11-24", 1, 3000}}, Products: []reports.Product{{"POT", 1, 3000}},
		}},
		{sunday, sunday, reports.Report{Days: []reports.Day{}, Products: []reports.Product{}}},
	} {
		if diff := cmp.Diff(c.want, report(t, db, c.from, c.to)); diff != "" {
			t.Errorf("from %s to %s (-want +got):\n%s", c.from, c.to, diff)
		}
	}
}

// Facts hold in any order, however often they are told.
func TestTheOrderOfFactsDoesNotMatter(t *testing.T) {
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			db := pgtest.New(t, reports.Schema)
			facts, want := week()
			facts = slices.Concat(facts, facts)
			rand.New(rand.NewPCG(seed, 0)).Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
			apply(t, db, facts...)
			if diff := cmp.Diff(want, report(t, db, monday, sunday)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestACancelledOrderCountsOnTheDayItWasSold(t *testing.T) {
	db := pgtest.New(t, reports.Schema)
	id := uuid.New()
	apply(t, db, cancelled(id))
	if r := report(t, db, monday.AddDate(-1, 0, 0), monday.AddDate(1, 0, 0)); r.Cancelled != 0 {
		t.Errorf("an order of which only the end is known counts: %+v", r)
	}
	apply(t, db, sold(id, monday, line("TEA", 1, 300)))
	if r := report(t, db, monday, monday); r.Cancelled != 1 || r.Orders != 0 || len(r.Products) != 0 {
		t.Errorf("got %+v", r)
	}
}

func TestProgressOnlyGrows(t *testing.T) {
	db := pgtest.New(t, reports.Schema)
	at := func(part int, at time.Time) fact {
		return func(ctx context.Context, tx pgx.Tx) error { return reports.Applied(ctx, tx, part, at) }
	}
	apply(t, db, at(0, tuesday), at(3, monday), at(0, monday))
	got, err := reports.Progress(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || !got[0].Equal(tuesday) || !got[3].Equal(monday) {
		t.Errorf("got %v", got)
	}
}

func TestClear(t *testing.T) {
	db := pgtest.New(t, reports.Schema)
	facts, _ := week()
	apply(t, db, facts...)
	apply(t, db, func(ctx context.Context, tx pgx.Tx) error { return reports.Applied(ctx, tx, 0, monday) })
	var next int
	apply(t, db, func(ctx context.Context, tx pgx.Tx) (err error) {
		next, err = reports.Clear(ctx, tx)
		return err
	})
	if diff := cmp.Diff(reports.Report{Days: []reports.Day{}, Products: []reports.Product{}}, report(t, db, monday, sunday)); diff != "" {
		t.Errorf("the report (-want +got):\n%s", diff)
	}
	progress, err := reports.Progress(t.Context(), db)
	if err != nil || len(progress) != 0 {
		t.Errorf("progress: got %v, %v", progress, err)
	}
	generation, err := reports.Generation(t.Context(), db)
	if err != nil || generation != 2 || next != 2 {
		t.Errorf("generation: got %d and %d, %v", generation, next, err)
	}
}

// clearing begins to clear the projection and returns when it has to wait.
func clearing(t *testing.T, db *pgxpool.Pool) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		done <- postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
			_, err := reports.Clear(t.Context(), tx)
			return err
		})
	}()
	pgtest.AwaitLock(t, db)
	return done
}

// A report that has begun sees the projection whole, though it is cleared and
// made again meanwhile.
func TestAReportIsOfOneMoment(t *testing.T) {
	db := pgtest.New(t, reports.Schema)
	facts, want := week()
	apply(t, db, facts...)
	var cleared <-chan error
	err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
		if err := reports.Freeze(t.Context(), tx); err != nil {
			return err
		}
		cleared = clearing(t, db)
		r, err := reports.Sales(t.Context(), tx, monday, sunday)
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := <-cleared; err != nil {
		t.Error(err)
	}
}

// While somebody applies an event, nobody begins another generation.
func TestAGenerationIsHeld(t *testing.T) {
	db := pgtest.New(t, reports.Schema)
	var cleared <-chan error
	err := postgres.InTx(t.Context(), db, func(tx pgx.Tx) error {
		if n, err := reports.Hold(t.Context(), tx); err != nil || n != 1 {
			t.Errorf("got %d, %v", n, err)
		}
		cleared = clearing(t, db)
		return reports.Cancelled(t.Context(), tx, uuid.New())
	})
	if err != nil {
		t.Error(err)
	}
	if err := <-cleared; err != nil {
		t.Error(err)
	}
	var left int
	if err := db.QueryRow(t.Context(), `SELECT count(*) FROM sales`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d sales are left, %v", left, err)
	}
}
