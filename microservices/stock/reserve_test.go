package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"triptych/domain/fault"
	"triptych/internal/faults"
	stockv1 "triptych/proto/stock/v1"
)

func TestAReservationsLife(t *testing.T) {
	const gone = "reservation_released"
	for _, c := range []struct {
		name  string
		calls string // reserve, more (than there is), ghosts (that nobody stocks) or release
		want  string
		left  string
	}{
		{"taken", "reserve", "taken", "map[MUG:0 TEA:3]"},
		{"taken, and asked again", "reserve reserve more", "taken taken taken", "map[MUG:0 TEA:3]"},
		{"short", "more", "MUG", "map[MUG:1 TEA:5]"},
		{"short, and asked again", "more more reserve", "MUG MUG MUG", "map[MUG:1 TEA:5]"},
		{"short of what has no stock", "ghosts ghosts", "GHOST GHOST", "map[MUG:1 TEA:5]"},
		{"short, and released", "more release release reserve", "MUG ok ok MUG", "map[MUG:1 TEA:5]"},
		{"given back", "reserve release", "taken ok", "map[MUG:1 TEA:5]"},
		{"given back, and asked again", "reserve release release reserve release", "taken ok ok " + gone + " ok", "map[MUG:1 TEA:5]"},
		{"released before it came", "release reserve reserve release", "ok " + gone + " " + gone + " ok", "map[MUG:1 TEA:5]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, order := open(t, map[string]int{"TEA": 5, "MUG": 1}), uuid.New()
			var got []string
			for call := range strings.FieldsSeq(c.calls) {
				switch call {
				case "reserve":
					got = append(got, s.reserve(order, line("TEA", 2), line("MUG", 1)))
				case "more":
					got = append(got, s.reserve(order, line("TEA", 6), line("MUG", 2)))
				case "ghosts":
					got = append(got, s.reserve(order, line("TEA", 1), line("GHOST", 1)))
				case "release":
					got = append(got, s.release(order))
				}
			}
			if g := strings.Join(got, " "); g != c.want || s.left(t) != c.left {
				t.Errorf("got %s with %s left; want %s with %s", g, s.left(t), c.want, c.left)
			}
			s.check(t)
		})
	}
}

func TestWhatIsNoReservation(t *testing.T) {
	s, id := open(t, map[string]int{"TEA": 5}), uuid.New()
	many := make([]*stockv1.Line, 51)
	for i := range many {
		many[i] = line(fmt.Sprintf("TEA%d", i), 1)
	}
	for name, lines := range map[string][]*stockv1.Line{
		"of nothing": nil, "too long": many, "none": {line("TEA", 0)}, "of less than nothing": {line("TEA", -1)},
		"too many": {line("TEA", 100)}, "the same twice": {line("TEA", 1), line("TEA", 1)},
	} {
		if got := s.reserve(id, lines...); got != "invalid" {
			t.Errorf("%s: got %s", name, got)
		}
	}
	_, reserve := s.orders.Reserve(t.Context(), &stockv1.ReserveRequest{OrderId: "1", Lines: []*stockv1.Line{line("TEA", 1)}})
	_, release := s.orders.Release(t.Context(), &stockv1.ReleaseRequest{})
	if !fault.Is(reserve, "invalid") || !fault.Is(release, "invalid") {
		t.Errorf("of no order: %v, %v", reserve, release)
	}
	if got := s.reserve(id, line("TEA", 5)); got != "taken" {
		t.Errorf("afterwards: %s", got)
	}
	s.check(t)
}

// atOnce does something n times at once and returns how often what came of it.
func atOnce(n int, do func(i int) string) map[string]int {
	var mu sync.Mutex
	got := map[string]int{}
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			result := do(i)
			mu.Lock()
			defer mu.Unlock()
			got[result]++
		})
	}
	wg.Wait()
	return got
}

func TestManyAtOnceAreOne(t *testing.T) {
	s, order := open(t, map[string]int{"TEA": 50, "MUG": 1}), uuid.New()
	if got := atOnce(20, func(int) string { return s.reserve(order, line("TEA", 2)) }); got["taken"] != 20 {
		t.Errorf("reserve: %v", got)
	}
	short := uuid.New()
	if got := atOnce(20, func(int) string { return s.reserve(short, line("TEA", 1), line("MUG", 2)) }); got["MUG"] != 20 {
		t.Errorf("reserve more than there is: %v", got)
	}
	if left := s.left(t); left != "map[MUG:1 TEA:48]" {
		t.Errorf("left: %s", left)
	}
	if got := atOnce(20, func(int) string { return s.release(order) }); got["ok"] != 20 || s.left(t) != "map[MUG:1 TEA:50]" {
		t.Errorf("release: %v, left %s", got, s.left(t))
	}
	s.check(t)
}

// Reserving and releasing race for an order: in the end nothing is held.
func TestReservingAndReleasingRace(t *testing.T) {
	s := open(t, map[string]int{"TEA": 5})
	for range 20 {
		order := uuid.New()
		got := atOnce(6, func(i int) string {
			if i%2 == 0 {
				return s.release(order)
			}
			return s.reserve(order, line("TEA", 2))
		})
		if got["ok"] != 3 || got["taken"]+got["reservation_released"] != 3 || s.left(t) != "map[TEA:5]" {
			t.Errorf("got %v, left %s", got, s.left(t))
		}
	}
	s.check(t)
}

// Many orders want the same few products, each in an order of its own, and some
// give back meanwhile. Nobody waits in a ring, and no piece is sold twice.
func TestManyOrdersOfTheSame(t *testing.T) {
	skus := []string{"AAA", "BBB", "CCC", "DDD", "EEE", "FFF"}
	on := map[string]int{}
	for _, sku := range skus {
		on[sku] = 30
	}
	s := open(t, on)
	got := atOnce(120, func(i int) string {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		var lines []*stockv1.Line
		for _, j := range r.Perm(len(skus))[:3] {
			lines = append(lines, line(skus[j], 1+r.Int32N(2)))
		}
		order := uuid.New()
		result := s.reserve(order, lines...)
		if i%3 == 0 {
			return s.release(order)
		}
		if len(result) == 3 {
			return "short"
		}
		return result
	})
	if got["taken"]+got["short"]+got["ok"] != 120 || got["taken"] == 0 {
		t.Errorf("got %v", got)
	}
	var deadlocks, held, left int
	err := s.db.QueryRow(t.Context(), `SELECT (SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()),
		(SELECT -sum(delta) FROM stock_movements WHERE order_id IS NOT NULL), (SELECT sum(on_hand) FROM stock)`).Scan(&deadlocks, &held, &left)
	if err != nil || deadlocks != 0 || held+left != 180 {
		t.Errorf("%d deadlocks, %d held and %d left, %v", deadlocks, held, left, err)
	}
	s.check(t)
}

// Whatever goes wrong once a step is done, who asks again hears what was done.
func TestAnswersThatAreLost(t *testing.T) {
	board := faults.Enable()
	for _, kind := range []faults.Kind{faults.Error, faults.Duplicate} {
		s, order, short := open(t, map[string]int{"TEA": 5}), uuid.New(), uuid.New()
		for _, step := range []struct {
			point, want, left string
			call              func() string
		}{
			{"stock.reserve", "taken", "map[TEA:3]", func() string { return s.reserve(order, line("TEA", 2)) }},
			{"stock.reserve", "TEA", "map[TEA:3]", func() string { return s.reserve(short, line("TEA", 4)) }},
			{"stock.release", "ok", "map[TEA:5]", func() string { return s.release(order) }},
			{"stock.release", "ok", "map[TEA:5]", func() string { return s.release(short) }},
			{"stock.release", "ok", "map[TEA:5]", func() string { return s.release(uuid.New()) }},
		} {
			if err := board.Plant(step.point, kind, 0); err != nil {
				t.Fatal(err)
			}
			first, again := step.call(), step.call()
			if kind == faults.Error && first != "unavailable" || kind == faults.Duplicate && first != step.want || again != step.want {
				t.Errorf("%s: got %s, then %s; want %s", step.point, first, again, step.want)
			}
			if left := s.left(t); left != step.left {
				t.Errorf("%s: left %s, want %s", step.point, left, step.left)
			}
		}
		s.check(t)
	}
}

// However orders reserve and release, repeated and out of order and with answers
// lost, each is answered as the first time and no piece is lost or made.
func TestCallsInAnyOrder(t *testing.T) {
	const there = 6
	s, board := open(t, map[string]int{"TEA": there}), faults.Enable()
	rapid.Check(t, func(r *rapid.T) {
		orders := []uuid.UUID{uuid.New(), uuid.New(), uuid.New()}
		answer, held, left := map[int]string{}, map[int]int32{}, int32(there)
		for range rapid.IntRange(1, 12).Draw(r, "calls") {
			i := rapid.IntRange(0, len(orders)-1).Draw(r, "order")
			n := rapid.Int32Range(1, 4).Draw(r, "quantity")
			var want, got string
			if rapid.Bool().Draw(r, "reserve") {
				switch {
				case answer[i] == "" && n > left:
					answer[i] = "TEA"
				case answer[i] == "":
					answer[i], held[i], left = "taken", n, left-n
				}
				want = answer[i]
				if want != "reservation_released" && rapid.IntRange(0, 3).Draw(r, "lost") == 0 {
					want = plant(r, board, "stock.reserve")
				}
				got = s.reserve(orders[i], line("TEA", n))
			} else {
				if answer[i] != "TEA" {
					answer[i], left, held[i] = "reservation_released", left+held[i], 0
				}
				want = "ok"
				if rapid.IntRange(0, 3).Draw(r, "lost") == 0 {
					want = plant(r, board, "stock.release")
				}
				got = s.release(orders[i])
			}
			if on := s.left(t); got != want || on != fmt.Sprintf("map[TEA:%d]", left) {
				r.Fatalf("order %d: got %s with %s left; want %s with %d", i, got, on, want, left)
			}
		}
		for _, order := range orders {
			s.release(order) // for the next run
		}
	})
	s.check(t)
}

// plant has the next answer at a point be lost, and returns what is heard then.
func plant(r *rapid.T, board *faults.Switchboard, point string) string {
	if err := board.Plant(point, faults.Error, 0); err != nil {
		r.Fatal(err)
	}
	return "unavailable"
}
