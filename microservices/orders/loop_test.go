package main

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"triptych/domain/fault"
	"triptych/internal/postgres/pgtest"
	"triptych/internal/waittest"
	"triptych/microservices/orders/saga"
	ordersv1 "triptych/proto/orders/v1"
)

// Several work on one saga at once: each asks what its step says, and one of
// them moves it on.
func TestAnAnswerCountsOnce(t *testing.T) {
	s := stopped(t)
	s.product("TEA", 250, 10)
	id := s.place(t, request(uuid.New(), "TEA", 1))
	first := <-s.server.loop.work
	for j := first; !j.Step.Rests(); {
		var moves []row
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				next, came, err := s.server.loop.advance(t.Context(), j)
				if err != nil || came != moved && came != stale {
					t.Errorf("at %s: %s, %v", j.Step, came, err)
				}
				mu.Lock()
				defer mu.Unlock()
				if came == moved {
					moves = append(moves, next)
				}
			})
		}
		wg.Wait()
		if len(moves) != 1 {
			t.Fatalf("at %s, %d moved the saga", j.Step, len(moves))
		}
		j.row = moves[0]
	}
	if _, came, err := s.server.loop.advance(t.Context(), first); came != stale || err != nil {
		t.Errorf("an old step: %s, %v", came, err)
	}
	if o := s.settled(t, id); o.GetStatus() != "confirmed" || len(o.GetHistory()) != 2 {
		t.Errorf("got %v", o)
	}
	s.checkBooks(t)
}

// Many processes that look for what is due at the same time share it.
func TestWhatIsDueIsClaimedOnce(t *testing.T) {
	s := stopped(t)
	s.product("TEA", 250, 100)
	for range 20 {
		s.place(t, request(uuid.New(), "TEA", 1))
	}
	if rows, err := claim(t.Context(), s.db, 100); err != nil || len(rows) != 0 {
		t.Errorf("while others have the lease: %v, %v", rows, err)
	}
	s.expire(t)
	var mu sync.Mutex
	claimed := map[uuid.UUID]int{}
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			for range 20 {
				rows, err := claim(t.Context(), s.db, 3)
				if err != nil {
					t.Error(err)
				}
				if len(rows) == 0 {
					return
				}
				mu.Lock()
				for _, r := range rows {
					claimed[r.Order]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(claimed) != 20 {
		t.Errorf("%d of 20 were claimed", len(claimed))
	}
	for id, n := range claimed {
		if n != 1 {
			t.Errorf("%s was claimed %d times", id, n)
		}
	}
}

// A process that is asked to end writes down what it is told in answer to what it
// has asked, and goes on with it.
func TestAtTheEndWhatHasBegunIsFinished(t *testing.T) {
	s := stopped(t)
	s.product("TEA", 250, 10)
	thinking := make(chan struct{})
	s.plant("Authorise", trouble{hang: thinking})
	id := s.place(t, request(uuid.New(), "TEA", 1))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.server.loop.run(ctx) }()
	s.awaitCall(t, "Authorise", 1)
	stop()
	close(thinking)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if o, err := s.orders.GetOrder(t.Context(), &ordersv1.OrderRequest{Id: id}); err != nil || o.GetStatus() != "confirmed" {
		t.Errorf("got %v, %v", o, err)
	}
	s.checkBooks(t)
}

func TestPausesGrow(t *testing.T) {
	for attempts, most := range map[int]time.Duration{
		0: 100 * time.Millisecond, 1: 200 * time.Millisecond, 3: 800 * time.Millisecond, 5: 2 * time.Second, 1000: 2 * time.Second,
	} {
		for range 100 {
			if d := pauseAfter(attempts); d < most/2 || d > most {
				t.Fatalf("after %d attempts: %v, want %v to %v", attempts, d, most/2, most)
			}
		}
	}
}

// Each step is a span of the order's trace, whoever carries it out and when.
func TestTheStepsAreInTheOrdersTrace(t *testing.T) {
	spans := tracetest.NewSpanRecorder()
	before := otel.GetTracerProvider()
	otel.SetTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(spans)))
	t.Cleanup(func() { otel.SetTracerProvider(before) })

	s := stopped(t)
	s.product("TEA", 250, 10)
	ctx, span := otel.Tracer("test").Start(t.Context(), "checkout")
	placed, err := s.server.PlaceOrder(ctx, request(uuid.New(), "TEA", 1))
	span.End()
	if err != nil {
		t.Fatal(err)
	}
	s.plant("Capture", trouble{before: fault.New(fault.Unavailable, "unavailable", "not now")})
	s.expire(t)
	survivor := s.start(t)
	waittest.Beside(t, survivor.server.loop.run)
	survivor.settled(t, placed.GetOrder().GetId())
	got := map[string]int{}
	for _, ended := range spans.Ended() {
		if ended.SpanContext().TraceID() == span.SpanContext().TraceID() {
			got[ended.Name()]++
		}
	}
	if got["saga authorise"] != 1 || got["saga reserve"] != 1 || got["saga capture"] < 1 {
		t.Errorf("got %v", got)
	}
}

func TestWhatTheDatabaseRefuses(t *testing.T) {
	s := stopped(t)
	s.product("TEA", 250, 10)
	s.place(t, request(uuid.New(), "TEA", 1))
	for _, sql := range []string{
		`UPDATE sagas SET step = 'resting'`,
		`UPDATE sagas SET payment_token = NULL`,
		`UPDATE sagas SET step = 'reserving'`,                       // and the token stays
		`UPDATE sagas SET step = 'voiding', payment_token = NULL`,   // for no reason
		`UPDATE sagas SET step = 'confirmed', payment_token = NULL`, // and due
		`UPDATE sagas SET due_at = NULL`,
		`UPDATE sagas SET attempts = -1`,
	} {
		pgtest.Refuses(t, s.db, pgtest.Check, sql)
	}
	pgtest.Refuses(t, s.db, pgtest.Foreign, `UPDATE sagas SET order_id = gen_random_uuid()`)
}

// What the table's columns may hold follows from the step: of every step that
// there is, and of no other.
func TestTheTableKnowsEveryStep(t *testing.T) {
	s := stopped(t)
	s.product("TEA", 250, 10)
	s.place(t, request(uuid.New(), "TEA", 1))
	r := (<-s.server.loop.work).row
	for _, step := range saga.Steps[1:] {
		next := row{Order: r.Order, Step: step, Traceparent: r.Traceparent}
		if step == saga.Voiding || step == saga.Releasing {
			next.Reason = declined("no")
		}
		if ok, err := r.step(t.Context(), s.db, next); err != nil || !ok {
			t.Errorf("to %s: %v, %v", step, ok, err)
		}
		r = next
	}
}
