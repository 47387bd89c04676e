package main

import (
	"fmt"
	"testing"

	"triptych/domain/fault"
	stockv1 "triptych/proto/stock/v1"
)

func (s *shelf) move(t *testing.T, sku string, delta int64) string {
	t.Helper()
	l, err := s.gateway.Move(t.Context(), &stockv1.MoveRequest{Sku: sku, Delta: delta, Reason: "a test"})
	if err != nil {
		return fault.From(err).Error()
	}
	return fmt.Sprint(l.Sku, " ", l.OnHand)
}

func TestMoving(t *testing.T) {
	s := open(t, map[string]int{"TEA": 5, "MUG": 0})
	for _, c := range []struct {
		sku   string
		delta int64
		want  string
	}{
		{"TEA", 3, "TEA 8"},
		{"TEA", -8, "TEA 0"},
		{"TEA", -1, "invalid: /delta: there are not that many of TEA"},
		{"TEA", 0, "invalid: /delta: must be a whole number other than 0, at most 1000000 either way"},
		{"MUG", -1, "invalid: /delta: there are not that many of MUG"},
		{"MUG", 2, "MUG 2"}, // its first
		{"MUG", 2, "MUG 4"},
		{"GONE", 1, `not_found: there is no product "GONE"`},
		{"", 1, `not_found: there is no product ""`},
	} {
		if got := s.move(t, c.sku, c.delta); got != c.want {
			t.Errorf("%s by %d: got %s, want %s", c.sku, c.delta, got, c.want)
		}
	}
	if left := s.left(t); left != "map[MUG:4 TEA:0]" {
		t.Errorf("left: %s", left)
	}
	s.check(t)
}

// A product whose ledger has begun moves also while the catalogue is away.
func TestMovingWithoutTheCatalogue(t *testing.T) {
	s := open(t, map[string]int{"TEA": 5, "MUG": 0})
	s.sold.err = fault.New(fault.Unavailable, "unavailable", "the catalogue is away")
	if got := s.move(t, "TEA", 1); got != "TEA 6" {
		t.Errorf("what has a ledger: %s", got)
	}
	if got := s.move(t, "MUG", 1); got != "unavailable: the catalogue is away" {
		t.Errorf("what has none: %s", got)
	}
	if left := s.left(t); left != "map[TEA:6]" {
		t.Errorf("left: %s", left)
	}
}

func TestLevels(t *testing.T) {
	s := open(t, map[string]int{"TEA": 5, "MUG": 1, "POT": 0})
	s.move(t, "MUG", -1)
	r, err := s.gateway.GetLevels(t.Context(), &stockv1.GetLevelsRequest{Skus: []string{"TEA", "POT", "MUG", "GONE"}})
	if got := fmt.Sprint(r.GetLevels()); err != nil || len(r.Levels) != 2 ||
		r.Levels[0].Sku != "TEA" || r.Levels[0].OnHand != 5 || r.Levels[1].Sku != "MUG" || r.Levels[1].OnHand != 0 {
		t.Errorf("got %s, %v", got, err)
	}
	if r, err := s.gateway.GetLevels(t.Context(), &stockv1.GetLevelsRequest{}); err != nil || len(r.Levels) != 0 {
		t.Errorf("of nothing: %v, %v", r, err)
	}
}
