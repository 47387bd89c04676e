package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"triptych/domain/fault"
	"triptych/domain/payroll"
	"triptych/internal/waittest"
	payrollv1 "triptych/proto/payroll/v1"
)

func TestARunIsMadeOncePerKey(t *testing.T) {
	p, c := open(t)
	employ(t, c, "ann", "bob")
	key := uuid.NewString()
	var wg sync.WaitGroup
	runs := make([]*payrollv1.StartRunResponse, 10)
	for i := range runs {
		wg.Go(func() {
			var err error
			if runs[i], err = start(context.Background(), c, key, "2026-04", sheet("ann,1,0", "bob,2,0")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	made := 0
	for i, r := range runs {
		if r.GetRun().GetId() != runs[0].GetRun().GetId() {
			t.Errorf("run %d: %v, want that of %v", i, r, runs[0])
		}
		if !r.GetReplayed() {
			made++
		}
	}
	if made != 1 || len(due(t, p)) != 1 {
		t.Errorf("%d of %d made a run, of %d chunks; want 1 of one", made, len(runs), len(due(t, p)))
	}
	handle(t, p, due(t, p)...)
	if r, err := start(t.Context(), c, key, "2026-04", sheet("ann,1,0", "bob,2,0")); err != nil || !r.Replayed || r.Run.Payslips != 2 {
		t.Errorf("once more: %v, %v, want the run as it has ended", r, err)
	}
	if _, err := start(t.Context(), c, key, "2026-04", sheet("ann,1,0")); !fault.Is(err, "idempotency_key_reused") {
		t.Errorf("another file under the key: %v", err)
	}
	if _, err := start(t.Context(), c, key, "2026-05", sheet("ann,1,0", "bob,2,0")); !fault.Is(err, "idempotency_key_reused") {
		t.Errorf("another period under the key: %v", err)
	}
}

// The client would send without end; the answer stops it.
func TestARefusalComesWhileTheClientStillSends(t *testing.T) {
	_, c := open(t)
	for code, try := range map[string]struct{ period, first string }{
		"invalid":       {"2026-04", "name,hours\n"},
		"bad_parameter": {"April", payroll.Header + "\n"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), longEnough)
		defer cancel()
		stream, err := begin(ctx, c, uuid.NewString(), try.period)
		if err != nil {
			t.Fatal(err)
		}
		for piece := []byte(try.first); err == nil; piece = bytes.Repeat([]byte("ann,1,0\n"), 1000) {
			err = send(stream, piece)
		}
		if _, err := stream.CloseAndRecv(); !fault.Is(err, code) {
			t.Errorf("%q of %s: %v, want %s", try.first, try.period, err, code)
		}
	}
}

func TestAnUploadThatBreaksOffLeavesNothing(t *testing.T) {
	p, c := open(t)
	employ(t, c, "ann")
	for range maxUploads + 1 { // each gives its place back
		ctx, cancel := context.WithCancel(t.Context())
		stream, err := begin(ctx, c, uuid.NewString(), "2026-04")
		if err != nil {
			t.Fatal(err)
		}
		if err := send(stream, []byte(sheet("ann,1,0"))); err != nil {
			t.Fatal(err)
		}
		waittest.Until(t, "the file comes in", func() bool { return copying(t, p) == 1 })
		cancel()
		if _, err := stream.CloseAndRecv(); err == nil {
			t.Error("an upload that was broken off began a run")
		}
		waittest.Until(t, "the upload is given up", func() bool { return copying(t, p) == 0 })
	}
	if r := started(t, c, "2026-04", sheet("ann,1,0")); r.Accepted != 1 {
		t.Errorf("the next: %v", r)
	}
}

// copying counts the uploads that are under way.
func copying(t testing.TB, p *server) (n int) {
	t.Helper()
	err := p.db.QueryRow(t.Context(), `
		SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND state <> 'idle' AND query ILIKE 'copy "timesheet"%'`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestUploadsAreBounded(t *testing.T) {
	p, c := open(t)
	p.patience = 50 * time.Millisecond
	employ(t, c, "ann")
	var slow []upload
	for range maxUploads {
		stream, err := begin(t.Context(), c, uuid.NewString(), "2026-04")
		if err != nil {
			t.Fatal(err)
		}
		if err := send(stream, []byte(payroll.Header+"\nann,1,0\n")); err != nil {
			t.Fatal(err)
		}
		slow = append(slow, stream)
	}
	waittest.Until(t, "both places are taken", func() bool { return len(p.uploads) == maxUploads })
	_, err := start(t.Context(), c, uuid.NewString(), "2026-04", sheet("ann,1,0"))
	if f := (*fault.Fault)(nil); !errors.As(err, &f) || f.Code != "request_in_progress" || f.RetryAfter == 0 {
		t.Errorf("one too many: %v, want request_in_progress with advice when to try again", err)
	}
	if r, err := slow[0].CloseAndRecv(); err != nil || r.Run.Accepted != 1 {
		t.Errorf("the first that was let in: %v, %v", r, err)
	}
	if _, err := slow[1].CloseAndRecv(); !fault.Is(err, "request_in_progress") {
		t.Errorf("the other: %v, want that a run is under way", err)
	}
}

// Whoever holds a lock that an upload needs holds it up, not for ever.
func TestAnUploadDoesNotWaitForEver(t *testing.T) {
	p, c := open(t)
	employ(t, c, "ann")
	other, err := p.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Rollback(context.Background())
	if _, err := other.Exec(t.Context(), `
		INSERT INTO payroll_runs (id, period, status, started_at) VALUES (gen_random_uuid(), '2026-04', 'running', now())`); err != nil {
		t.Fatal(err)
	}
	if _, err := start(t.Context(), c, uuid.NewString(), "2026-04", sheet("ann,1,0")); !fault.Is(err, "request_in_progress") {
		t.Errorf("while another run just begins: %v, want request_in_progress", err)
	}
}

func TestAnUploadBeginsWithWhatItIsFor(t *testing.T) {
	_, c := open(t)
	stream, err := c.StartRun(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := send(stream, []byte(payroll.Header)); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	if _, err := stream.CloseAndRecv(); !fault.Is(err, "bad_request") {
		t.Errorf("got %v, want bad_request", err)
	}
}
