package fault

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestAFaultIsFoundInAChain(t *testing.T) {
	want := New(Conflict, "out_of_stock", "not enough %s", "TEA")
	err := fmt.Errorf("place order: %w", errors.Join(errors.New("other"), want))
	if got := From(err); got != want {
		t.Errorf("got %+v", got)
	}
	if !Is(err, "out_of_stock") || Is(err, "other") || Is(nil, "") || Is(errors.New("x"), "internal") {
		t.Error("Is tells faults apart wrongly")
	}
	if want.Error() != "out_of_stock: not enough TEA" {
		t.Errorf("it reads %q", want.Error())
	}
}

func TestAnErrorThatIsNoFaultTellsNothing(t *testing.T) {
	f := From(errors.New("pq: password of user shop is wrong"))
	if f.Kind != Internal || f.Code != "internal" || strings.Contains(f.Error(), "shop") || f.Fields != nil {
		t.Errorf("got %+v", f)
	}
}

func TestNoErrorIsNoFault(t *testing.T) {
	if f := From(nil); f != nil {
		t.Errorf("got %+v", f)
	}
}

func TestAfterLeavesTheFaultItCopies(t *testing.T) {
	f := New(Unavailable, "overloaded", "busy")
	if later := f.After(time.Second); later.RetryAfter != time.Second || f.RetryAfter != 0 || later.Code != f.Code {
		t.Errorf("got %+v of %+v", later, f)
	}
}

func TestEveryBrokenRuleIsNamed(t *testing.T) {
	var c Checker
	if c.Err() != nil {
		t.Error("no rule was broken")
	}
	c.Check(true, "/a", "is fine")
	c.Check(false, "/b", "must be %d", 1)
	f := From(c.Err())
	if f.Kind != Invalid || f.Code != "invalid" || f.Detail != "/b: must be 1" || len(f.Fields) != 1 {
		t.Errorf("one: got %+v", f)
	}
	c.Check(false, "/c", "is missing")
	f = From(c.Err())
	if f.Detail != "2 fields break a rule" || len(f.Fields) != 2 || f.Fields[1] != (Field{"/c", "is missing"}) {
		t.Errorf("two: got %+v", f)
	}
}

func TestARuleOfTheWholeHasNoPointer(t *testing.T) {
	var c Checker
	c.Check(false, "", "the cart is full: 50 products")
	if f := From(c.Err()); f.Detail != "the cart is full: 50 products" || f.Fields[0].Pointer != "" {
		t.Errorf("got %+v", f)
	}
}
