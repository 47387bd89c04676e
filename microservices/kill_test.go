package microservices_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"triptych/lab/client"
	"triptych/lab/launch"
)

// A capability is something that users do with the shop.
type capability struct {
	name string
	do   func(ctx context.Context, s *shop, who *client.Client) error
}

func get(path string) func(context.Context, *shop, *client.Client) error {
	return func(ctx context.Context, s *shop, who *client.Client) error {
		_, err := who.Do(ctx, client.Call{Method: "GET", Path: path}, nil)
		return err
	}
}

func managed(path string) func(context.Context, *shop, *client.Client) error {
	return func(ctx context.Context, s *shop, _ *client.Client) error {
		_, err := s.manager.Do(ctx, client.Call{Method: "GET", Path: path}, nil)
		return err
	}
}

var capabilities = []capability{
	{"sign in", func(ctx context.Context, s *shop, _ *client.Client) error {
		return client.New(s.URL).SignIn(ctx, s.Secrets.ManagerEmail, s.Secrets.ManagerPassword)
	}},
	{"browse", get("/v1/products/TEA")},
	{"look into the cart", get("/v1/cart")},
	{"place an order", func(ctx context.Context, s *shop, who *client.Client) error {
		_, err := who.Do(ctx, orderOf(rand.Text(), "tok_visa", "TEA", 1), nil)
		return err
	}},
	{"have an order confirmed", func(ctx context.Context, s *shop, who *client.Client) error {
		var o placed
		_, err := who.Do(ctx, waiting(orderOf(rand.Text(), "tok_visa", "TEA", 1), 2), &o)
		if err == nil && o.Status != "confirmed" {
			err = &client.Problem{Status: http.StatusAccepted, Code: o.Status}
		}
		return err
	}},
	{"look at orders", get("/v1/orders")},
	{"look at employees", managed("/v1/employees")},
	{"read the report", managed("/v1/reports/sales?from=2026-01-01&to=2026-12-31")},
}

// loses says which capabilities go when a process does. Everything else stays.
var loses = map[string][]string{
	"accounts":  {"sign in"},
	"catalogue": {"browse", "place an order", "have an order confirmed"},
	"stock":     {"browse", "have an order confirmed"},
	"payments":  {"have an order confirmed"},
	"orders":    {"look into the cart", "place an order", "have an order confirmed", "look at orders"},
	"payroll":   {"look at employees"},
	"pictures":  {},
	"reports":   {"read the report"},
	"broker":    {},
	"gateway":   nil, // everything
	"postgres":  nil,
}

// Each process is killed while customers buy, and kept down for a moment. Whatever
// does not need it goes on. Once it is back, all orders come to their end within ten
// seconds; none is lost, and none has happened twice.
func TestEachProcessKilledUnderLoad(t *testing.T) {
	s := start(t)
	s.stocked(t, "TEA", 100_000)
	who := s.customer(t)
	buyers := s.buy(t, 4)
	for _, name := range s.names() {
		lost, known := loses[name]
		if !known {
			t.Errorf("it is not said what goes when %s does", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			release := s.Hold(name)
			if lost != nil {
				s.servesAllBut(t, who, lost)
			} else {
				time.Sleep(time.Second) // of which there is nothing to see
			}
			release()
			if err := s.Await(t.Context()); err != nil {
				t.Fatal(err)
			}
			back := time.Now()
			open := buyers.pending()
			s.awaitFinal(t, open)
			s.servesAgain(t, who)
			t.Logf("%d orders were open when it was back, and final %.1f s later", len(open), time.Since(back).Seconds())
		})
	}
	s.audited(t, final, buyers.stop(t))
}

// Those who tell others what happened, or hear of it, start while the broker is
// down, and do all that users see. What was not told is told when it is back.
func TestRestartedWithoutTheBroker(t *testing.T) {
	s := start(t, func(o *launch.Options) { o.Getenv = func(string) string { return "" } }) // a broker that can be held
	s.stocked(t, "TEA", 100_000)
	who := s.customer(t)
	buyers := s.buy(t, 2)
	release := s.Hold("broker")
	for _, name := range []string{"orders", "payroll", "pictures", "reports"} {
		s.Kill(name)
		s.awaitReady(t, name)
	}
	s.servesAgain(t, who)
	s.servesAllBut(t, who, nil)
	release()
	if err := s.Await(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.audited(t, final, buyers.stop(t))
}

// awaitReady waits for one process, whatever the others do.
func (s *shop) awaitReady(t *testing.T, name string) {
	t.Helper()
	deadline := time.Now().Add(guard)
	for s.Process(name).State != launch.Ready {
		if time.Now().After(deadline) {
			t.Fatalf("%s is %s", name, s.Process(name).State)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// servesAllBut tries everything that users do.
func (s *shop) servesAllBut(t *testing.T, who *client.Client, lost []string) {
	t.Helper()
	for _, c := range capabilities {
		err := c.do(t.Context(), s, who)
		p, said := err.(*client.Problem)
		switch {
		case slices.Contains(lost, c.name):
			if !said || p.Status != http.StatusServiceUnavailable && p.Status != http.StatusAccepted {
				t.Errorf("%s: %v, want that it is not available", c.name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// servesAgain waits until users can do everything again: those who call a service
// that was away look for it at growing pauses, up to a second.
func (s *shop) servesAgain(t *testing.T, who *client.Client) {
	t.Helper()
	deadline := time.Now().Add(guard)
	for _, c := range capabilities {
		for err := c.do(t.Context(), s, who); err != nil; err = c.do(t.Context(), s, who) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: %v", c.name, err)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// awaitFinal waits until each order is final.
func (s *shop) awaitFinal(t *testing.T, ids []uuid.UUID) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), final)
	defer cancel()
	for _, id := range ids {
		o := placed{Status: "pending"}
		for o.Status == "pending" {
			if err := persist(ctx, s.manager, waiting(client.Call{Method: "GET", Path: "/v1/orders/" + id.String()}, 1), &o); err != nil {
				t.Fatalf("order %s is %s: %v", id, o.Status, err)
			}
		}
	}
}

// buyers are customers who buy one thing after the other.
type buyers struct {
	end  context.CancelFunc
	done sync.WaitGroup

	mu    sync.Mutex
	ids   []uuid.UUID
	open  []uuid.UUID // those that were pending when they were last seen
	wrong []error
}

func (s *shop) buy(t *testing.T, n int) *buyers {
	ctx, cancel := context.WithCancel(t.Context())
	b := &buyers{end: cancel}
	for range n {
		who := s.customer(t)
		b.done.Go(func() {
			for ctx.Err() == nil {
				b.once(ctx, who)
			}
		})
	}
	t.Cleanup(func() { cancel(); b.done.Wait() })
	return b
}

// once buys something: what is not answered is asked again under the same key, so
// that it is known in the end.
func (b *buyers) once(ctx context.Context, who *client.Client) {
	var o placed
	err := persist(ctx, who, waiting(orderOf(rand.Text(), "tok_visa", "TEA", 1), 1), &o)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case err == nil:
		b.ids = append(b.ids, o.ID)
		if o.Status == "pending" {
			b.open = append(b.open, o.ID)
		}
	case ctx.Err() == nil:
		b.wrong = append(b.wrong, err)
	}
}

// pending returns the orders that were pending when they were last seen, once.
func (b *buyers) pending() (open []uuid.UUID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	open, b.open = b.open, nil
	return open
}

// stop has them stop and returns every order that was acknowledged.
func (b *buyers) stop(t *testing.T) []uuid.UUID {
	b.end()
	b.done.Wait()
	for _, err := range b.wrong {
		t.Error(err)
	}
	return b.ids
}
