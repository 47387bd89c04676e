package stock

import (
	"strings"
	"testing"

	"triptych/domain/fault"
)

func TestMovementsByHand(t *testing.T) {
	for _, c := range []struct {
		delta  int
		reason string
		wrong  string // where
	}{
		{1, "delivery", ""}, {-1, "breakage", ""}, {MaxDelta, "d", ""}, {-MaxDelta, "d", ""}, {1, strings.Repeat("é", 200), ""},
		{0, "nothing", "/delta"}, {MaxDelta + 1, "d", "/delta"}, {-MaxDelta - 1, "d", "/delta"},
		{1, "", "/reason"}, {1, strings.Repeat("é", 201), "/reason"},
	} {
		err := CheckMovement(c.delta, c.reason)
		switch f := fault.From(err); {
		case f == nil && c.wrong != "":
			t.Errorf("%d for %q is let through", c.delta, c.reason)
		case f != nil && (f.Code != "invalid" || len(f.Fields) != 1 || f.Fields[0].Pointer != c.wrong):
			t.Errorf("%d for %q: got %+v", c.delta, c.reason, f)
		}
	}
}

func TestBothThatAreWrongAreNamed(t *testing.T) {
	if f := fault.From(CheckMovement(0, "")); len(f.Fields) != 2 {
		t.Errorf("got %+v", f)
	}
}

func TestBelowZeroIsAFaultOfTheDelta(t *testing.T) {
	f := fault.From(BelowZero("TEA"))
	if f.Code != "invalid" || len(f.Fields) != 1 || f.Fields[0].Pointer != "/delta" || !strings.Contains(f.Detail, "TEA") {
		t.Errorf("got %+v", f)
	}
}
