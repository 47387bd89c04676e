package saga

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"triptych/domain/order"
)

// live has a while of anything happen in a world, then everything arrive; and
// the same once more for whoever wants something of an order then.
func live(w *world, acts int) error {
	for range acts {
		w.act()
	}
	if !w.heal() {
		return errors.New("a saga never ends")
	}
	for i := range w.orders {
		if wish := w.choose(3); wish > 0 {
			w.move(i, []Event{ShippingAsked, CancellingAsked}[wish-1])
		}
	}
	for range acts {
		w.act()
	}
	if !w.heal() {
		return errors.New("a saga never ends")
	}
	return w.wrong()
}

// Whatever the network loses, repeats and holds up, and whenever a process dies:
// every saga ends, nothing is bought without being paid or paid without being
// bought, and no money and no stock is lost or made.
func TestWhateverHappensSagasEndWell(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(Moves, func(n int) int { return rapid.IntRange(0, n-1).Draw(r, "choice") })
		if err := live(w, rapid.IntRange(0, 60).Draw(r, "acts")); err != nil {
			r.Fatal(err)
		}
	})
}

// The same in many worlds that differ more, and are the same each time.
func TestManyWorldsEndWell(t *testing.T) {
	ends := map[order.Status]int{}
	for seed := range worlds {
		w := newWorld(Moves, seeded(seed))
		if err := live(w, acts); err != nil {
			t.Fatalf("world %d: %v", seed, err)
		}
		for _, o := range w.orders {
			ends[o.status]++
		}
	}
	t.Log("orders by how they ended:", ends)
	for _, s := range []order.Status{order.Confirmed, order.Rejected, order.Shipped, order.Cancelled} {
		if ends[s] < worlds/20 {
			t.Errorf("%d orders were %s: too few are tried", ends[s], s)
		}
	}
}

const (
	worlds = 10_000
	acts   = 60
)

func seeded(seed int) func(int) int { return rand.New(rand.NewPCG(1, uint64(seed))).IntN }

// A test that finds nothing might not be looking: each of these bugs it must find.
func TestBugsAreFound(t *testing.T) {
	for _, c := range []struct {
		bug   string
		plant func(*world)
	}{
		{"an order that is short of stock keeps the money set aside", func(w *world) {
			w.rules = change(w.rules, Reserving, Short, Rejected, order.Rejected)
		}},
		{"an order whose authorisation lapsed keeps the stock", func(w *world) {
			w.rules = change(w.rules, Capturing, Lapsed, Rejected, order.Rejected)
		}},
		{"a cancelled order is not refunded", func(w *world) {
			w.rules = change(w.rules, Confirmed, CancellingAsked, Returning, order.Cancelling)
		}},
		{"a cancelled order keeps the stock", func(w *world) {
			w.rules = change(w.rules, Refunding, Refunded, Cancelled, order.Cancelled)
		}},
		{"an order is confirmed before it is paid", func(w *world) {
			w.rules = change(w.rules, Reserving, Reserved, Confirmed, order.Confirmed)
		}},
		{"a saga forgets what follows", func(w *world) {
			w.rules = slices.DeleteFunc(slices.Clone(w.rules), func(m Move) bool { return m.Heard == Voided })
		}},
		{"who does not answer is taken to have refused", func(w *world) { w.guesses = true }},
	} {
		if n := untilFound(c.plant); n < 0 {
			t.Errorf("not found: %s", c.bug)
		} else {
			t.Logf("found in world %d: %s", n, c.bug)
		}
	}
}

// untilFound returns the number of the first world in which a bug shows, or −1.
func untilFound(plant func(*world)) int {
	for seed := range worlds {
		w := newWorld(Moves, seeded(seed))
		plant(w)
		if live(w, acts) != nil {
			return seed
		}
	}
	return -1
}

// change returns a table in which one move leads elsewhere.
func change(t Table, from Step, heard Event, to Step, becomes order.Status) Table {
	t = slices.Clone(t)
	i := slices.IndexFunc(t, func(m Move) bool { return m.From == from && m.Heard == heard })
	t[i].To, t[i].Order = to, becomes
	return t
}
