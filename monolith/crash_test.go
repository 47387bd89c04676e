package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"triptych/internal/postgres"
	"triptych/internal/postgres/pgtest"
	"triptych/internal/token"
	"triptych/lab/client"
)

type answered struct{ ID, Status string }

// The process is killed, as by kill -9, while 200 customers order, three
// times. Whoever got an answer has that order, whoever got none sends the same
// request again, and in the end there is one order for each key.
func TestOrdersSurviveKills(t *testing.T) {
	database := pgtest.URL(t, schemas...)
	p := startProcess(t, database)
	c := p.manager(t)
	stocked(t, c, "TEA", 100_000)
	stocked(t, c, "MUG", 100_000)

	const customers = 200
	acknowledged := map[string]answered{}
	for round := range 3 {
		results := make([]answered, customers)
		var done atomic.Int32
		var wg sync.WaitGroup
		for i := range customers {
			wg.Go(func() {
				_, err := c.Do(t.Context(), orderCall(fmt.Sprintf("round-%d-customer-%d", round, i), "TEA", 1, "MUG", 1), &results[i])
				if err == nil {
					done.Add(1)
				}
			})
		}
		for done.Load() < customers/10*int32(round+1) { // killed after 20, 40 and 60 answers
			time.Sleep(100 * time.Microsecond)
		}
		p.child.Kill()
		wg.Wait()
		t.Logf("round %d: %d of %d had an answer when the process died", round+1, done.Load(), customers)
		if done.Load() == customers {
			t.Errorf("round %d: the kill came after the last answer and proves nothing", round+1)
		}
		p.start(t)
		for i := range customers {
			key := fmt.Sprintf("round-%d-customer-%d", round, i)
			var again answered
			if _, err := c.Do(t.Context(), orderCall(key, "TEA", 1, "MUG", 1), &again); err != nil {
				t.Fatalf("%s: send again: %v", key, err)
			}
			if first := results[i]; first.ID != "" && first != again {
				t.Errorf("%s: was answered %+v, and after the crash %+v", key, first, again)
			}
			acknowledged[key] = again
		}
	}

	pool, err := postgres.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	s := newShop(pool, token.Signer{})
	var orders int
	if err := pool.QueryRow(t.Context(), `SELECT count(*) FROM orders WHERE status = 'confirmed'`).Scan(&orders); err != nil {
		t.Fatal(err)
	}
	if want := 3 * customers; orders != want || len(acknowledged) != want {
		t.Errorf("%d confirmed orders for %d keys, want %d", orders, len(acknowledged), want)
	}
	if n := onHand(t, s, "TEA"); n != 100_000-orders {
		t.Errorf("%d of TEA on hand, want %d", n, 100_000-orders)
	}
	checkBooks(t, s)
}

// While the database is away, customers hear 503 and when to come back; when
// it is back, the same process serves them.
func TestTheDatabaseRestartsUnderLoad(t *testing.T) {
	server, err := postgres.Start(t.Context(), postgres.Options{Dir: pgtest.Folder(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	database, err := server.Database(t.Context(), "shop")
	if err != nil {
		t.Fatal(err)
	}
	p := startProcess(t, database)
	c := p.manager(t)
	stocked(t, c, "TEA", 100_000)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var confirmed, unavailable atomic.Int64
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				header, err := c.Do(ctx, orderCall(fmt.Sprintf("w%d-%d", w, i), "TEA", 1), nil)
				var problem *client.Problem
				switch {
				case err == nil:
					confirmed.Add(1)
				case ctx.Err() != nil:
				case errors.As(err, &problem) && problem.Status == http.StatusServiceUnavailable && header.Get("Retry-After") != "":
					unavailable.Add(1)
				default:
					t.Errorf("want an order or 503 with Retry-After, got %v", err)
				}
			}
		})
	}
	wait(t, "some orders", func() bool { return confirmed.Load() > 50 })
	server.Kill()
	wait(t, "some 503", func() bool { return unavailable.Load() > 0 })
	if answer, err := http.Get(p.url + "/readyz"); err != nil || answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("readyz without a database: %v, %v; want 503", answer, err)
	}
	if err := server.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := confirmed.Load()
	wait(t, "orders again", func() bool { return confirmed.Load() > before+50 })
	cancel()
	wg.Wait()

	pool, err := postgres.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	checkBooks(t, newShop(pool, token.Signer{}))
}

func wait(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !reached(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited 20 s for %s", what)
		}
	}
}
