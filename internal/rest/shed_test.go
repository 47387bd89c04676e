package rest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"triptych/domain/fault"
)

func TestClassesAreBoundedApart(t *testing.T) {
	l := NewLimiter(1, 2)
	leave, ok := l.Enter(0)
	if !ok {
		t.Fatal("the first is shed")
	}
	if _, ok := l.Enter(0); ok {
		t.Error("a second is let in where one may be")
	}
	for range 2 {
		if _, ok := l.Enter(1); !ok {
			t.Error("another class is shed too")
		}
	}
	if _, ok := l.Enter(1); ok {
		t.Error("a third is let in where two may be")
	}
	leave()
	if _, ok := l.Enter(0); !ok {
		t.Error("the place of one who left stays taken")
	}
}

// However they come and go, no more are inside than may be, and when all have
// left, every place is free.
func TestTheBoundHoldsUnderConcurrency(t *testing.T) {
	const bound = 5
	l := NewLimiter(bound)
	var inside, most atomic.Int64
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range 500 {
				leave, ok := l.Enter(0)
				if !ok {
					continue
				}
				n := inside.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				inside.Add(-1)
				leave()
			}
		})
	}
	wg.Wait()
	if most.Load() > bound {
		t.Errorf("%d were inside at once", most.Load())
	}
	for range bound {
		if _, ok := l.Enter(0); !ok {
			t.Error("a place is lost")
		}
	}
}

func TestWhoIsShedIsToldToComeBack(t *testing.T) {
	f := fault.From(Overloaded())
	if f.Kind != fault.Unavailable || f.Code != "overloaded" || f.RetryAfter < time.Second {
		t.Errorf("got %+v", f)
	}
}
