package conformance

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// quiet is a suite without a shop, for scenarios that ask nothing.
func quiet() *suite { return &suite{target: Target{Settle: 20 * time.Millisecond}} }

func tried(t *testing.T, f func(*try)) Result {
	t.Helper()
	return quiet().run(t.Context(), scenario{"section", "name", f})
}

func TestAScenarioGoesOnAfterAProblem(t *testing.T) {
	r := tried(t, func(t *try) {
		t.errorf("one")
		equal(t, "two", 1, 2)
		t.notef("seen")
	})
	if want := []string{"one", "two is 1, want 2"}; !slices.Equal(r.Problems, want) || !slices.Equal(r.Notes, []string{"seen"}) {
		t.Errorf("got %q and %q", r.Problems, r.Notes)
	}
}

func TestAScenarioEndsWhenItCannotGoOn(t *testing.T) {
	for name, f := range map[string]func(*try){
		"fatal":                  func(t *try) { t.fatalf("over") },
		"fatal in a part":        func(t *try) { t.together(3, func(i int) { t.fatalf("over") }) },
		"fatal in a part of one": func(t *try) { t.together(2, func(int) { t.together(2, func(int) { t.fatalf("over") }) }) },
		"never so": func(t *try) {
			t.eventually("it is over", func() bool { return false })
		},
		"a panic":           func(t *try) { _ = []int{}[len(t.problems)] },
		"a panic in a part": func(t *try) { t.together(2, func(int) { panic("over") }) },
	} {
		r := tried(t, func(t *try) {
			f(t)
			t.errorf("went on")
		})
		if len(r.Problems) == 0 || slices.Contains(r.Problems, "went on") || !strings.Contains(strings.Join(r.Problems, ""), "over") && name != "a panic" {
			t.Errorf("%s: %q", name, r.Problems)
		}
	}
}

func TestTogetherIsAtOnce(t *testing.T) {
	meet := make(chan int)
	r := tried(t, func(t *try) {
		t.together(2, func(i int) {
			if i == 0 {
				meet <- 1
			} else {
				<-meet
			}
		})
	})
	if len(r.Problems) > 0 {
		t.Error(r.Problems)
	}
}

// TestSumsOfSection5 has what the suite computes with checked by hand.
func TestSumsOfSection5(t *testing.T) {
	for _, c := range []struct{ price, quantity, want int }{
		{5, 9, 45}, {5, 10, 45}, {5, 11, 50}, {5, 13, 58}, {100, 99, 8910},
	} {
		if got := lineTotal(c.price, c.quantity); got != c.want {
			t.Errorf("%d × %d is %d, want %d", c.quantity, c.price, got, c.want)
		}
	}
	if a, b := halfEven(399*20, 120), halfEven(405*20, 120); a != 66 || b != 68 {
		t.Errorf("66.5 and 67.5 round to %d and %d", a, b)
	}
	if a, b := period(1), period(12); a != "2026-04" || b != "2027-03" {
		t.Errorf("the tax year is %s to %s", a, b)
	}
}
