package main

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"

	"triptych/internal/kafka"
	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
	payrollv1 "triptych/proto/payroll/v1"
	wages "triptych/store/payroll"
)

func TestChunksThatComeAgainPayNobodyTwice(t *testing.T) {
	p, c := open(t)
	p.chunk = 2
	r := started(t, c, "2026-04", staff(t, c, 9))
	chunks := due(t, p)
	if len(chunks) != 5 {
		t.Fatalf("%d chunks of 2 are due for 9, want 5", len(chunks))
	}
	handle(t, p, chunks[1], chunks[1], chunks[3])
	if half := get(t, c, r.Id); half.Status != wages.Running || half.Payslips != 4 {
		t.Errorf("half way: %v, want 4 payslips of a running run", half)
	}
	changed, stop := p.news.About(uuid.MustParse(r.Id))
	defer stop()
	handle(t, p, slices.Concat(chunks, chunks)...)
	select {
	case <-changed:
	default:
		t.Error("nobody is told that the run has ended")
	}
	checkPaid(t, c, r.Id, 9)
}

// As after a worker has been thought dead and goes on: every chunk is with two
// at once. Each is paid by one, and the one that pays the last ends the run.
func TestTwoWorkersOnEveryChunk(t *testing.T) {
	p, c := open(t)
	p.chunk = 3
	r := started(t, c, "2026-04", staff(t, c, 30))
	chunks := due(t, p)
	watched := make(chan *payrollv1.Run, 1)
	go func() { watched <- ended(t, c, r.Id) }()
	var wg sync.WaitGroup
	for worker := range 4 {
		mine := slices.Clone(chunks)
		if worker%2 == 1 {
			slices.Reverse(mine)
		}
		wg.Go(func() { handle(t, p, mine...) })
	}
	wg.Wait()
	checkPaid(t, c, r.Id, 30)
	if last := <-watched; last.GetStatus() != wages.Completed {
		t.Errorf("whoever watched heard of %v last, want a completed run", last)
	}
}

func TestARunThatCannotBeComputedFails(t *testing.T) {
	p, c := open(t)
	p.chunk = 1
	employ(t, c, "ann", "bob", "cat")
	if _, err := p.db.Exec(t.Context(), `UPDATE employees SET tax_code = 'S1257L' WHERE id = 'bob'`); err != nil {
		t.Fatal(err)
	}
	file := sheet("ann,1,0", "bob,1,0", "cat,1,0")
	r := started(t, c, "2026-04", file)
	chunks := due(t, p)
	handle(t, p, chunks[0])
	if got := get(t, c, r.Id); got.Payslips != 1 {
		t.Fatalf("after ann: %v", got)
	}
	changed, stop := p.news.About(uuid.MustParse(r.Id))
	defer stop()
	handle(t, p, chunks[1])
	select {
	case <-changed:
	default:
		t.Error("nobody is told that the run has failed")
	}
	failed := ended(t, c, r.Id)
	if failed.Status != wages.Failed || failed.Payslips != 0 || failed.Totals.Gross != 0 {
		t.Errorf("after bob: %v, want a failed run that paid nobody", failed)
	}
	handle(t, p, chunks...) // what comes later, or again, changes nothing
	if got := get(t, c, r.Id); got.Status != wages.Failed || got.Payslips != 0 {
		t.Errorf("after all of them: %v", got)
	}
	employ(t, c, "bob")
	again := started(t, c, "2026-04", file)
	handle(t, p, due(t, p)...)
	if got := get(t, c, again.Id); got.Status != wages.Completed || got.Payslips != 3 {
		t.Errorf("the next run: %v, want three payslips", got)
	}
}

// A version that knew the rates has begun a run for which there are none here.
func TestARunWithoutRatesFails(t *testing.T) {
	p, c := open(t)
	employ(t, c, "ann")
	r := started(t, c, "2026-04", sheet("ann,1,0"))
	if _, err := p.db.Exec(t.Context(), `UPDATE payroll_runs SET period = '2030-01'`); err != nil {
		t.Fatal(err)
	}
	handle(t, p, due(t, p)...)
	if got := get(t, c, r.Id); got.Status != wages.Failed {
		t.Errorf("got %v, want a failed run", got)
	}
}

// While one chunk is being computed, another fails the run.
func TestAChunkOfARunThatJustFailed(t *testing.T) {
	p, c := open(t)
	p.chunk = 1
	employ(t, c, "ann", "bob")
	r := started(t, c, "2026-04", sheet("ann,1,0", "bob,1,0"))
	failing, err := p.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer failing.Rollback(context.Background())
	if err := wages.Fail(t.Context(), failing, uuid.MustParse(r.Id), postgres.Now()); err != nil {
		t.Fatal(err)
	}
	handled := make(chan error, 1)
	go func() { handled <- p.handle(t.Context(), due(t, p)[0]) }()
	pgtest.AwaitLock(t, p.db) // it has its payslip and waits to add it to the run's sums
	if err := failing.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-handled; err != nil {
		t.Errorf("the chunk: %v, want that there is nothing left to do", err)
	}
	if got := get(t, c, r.Id); got.Status != wages.Failed || got.Payslips != 0 {
		t.Errorf("the run: %v, want failed without payslips", got)
	}
}

func TestMessagesThatAreNoChunks(t *testing.T) {
	p, c := open(t)
	employ(t, c, "ann")
	started(t, c, "2026-04", sheet("ann,1,0"))
	chunk := due(t, p)[0]
	for what, spoil := range map[string]func(m *kafka.Message){
		"another type":            func(m *kafka.Message) { m.Type = "events.v1.OrderPlaced" },
		"bytes":                   func(m *kafka.Message) { m.Value = []byte("x") },
		"nothing":                 func(m *kafka.Message) { m.Value = nil },
		"a run that is not there": func(m *kafka.Message) { m.Value = slices.Concat(m.Value, []byte("\x0a\x24"+uuid.NewString())) },
	} {
		m := chunk
		spoil(&m)
		if err := p.handle(t.Context(), m); err == nil || postgres.Unavailable(err) {
			t.Errorf("%s: %v, want an error that leads to the dead letters", what, err)
		}
	}
}
