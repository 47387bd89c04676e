package cart

import (
	"testing"

	"triptych/domain/fault"
)

func TestQuantities(t *testing.T) {
	for n, ok := range map[int]bool{-1: false, 0: true, 1: true, 99: true, 100: false} {
		f := fault.From(CheckQuantity(n))
		if (f == nil) != ok || f != nil && (f.Code != "invalid" || f.Fields[0].Pointer != "/quantity") {
			t.Errorf("%d: got %+v", n, f)
		}
	}
}

func TestAFullCartIsInvalid(t *testing.T) {
	if f := fault.From(Full()); f.Code != "invalid" || len(f.Fields) != 1 {
		t.Errorf("got %+v", f)
	}
}
