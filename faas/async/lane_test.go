package async_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"triptych/faas/async"
	"triptych/faas/function"
)

func TestASlowFunctionHoldsBackNoOther(t *testing.T) {
	inBubble(t, async.Options{Workers: 4, PerFunction: 4}, func(t *testing.T, w *world) {
		slow := func(ctx context.Context, e async.Event) (async.Result, error) {
			select {
			case <-time.After(15 * time.Minute):
				return succeed(ctx, e)
			case <-ctx.Done():
				return async.Result{}, ctx.Err()
			}
		}
		w.functions["slow"], w.functions["slower"], w.functions["quick"] = slow, slow, succeed
		w.during(func() {
			for range 100 {
				w.add("slow", `{}`)
				w.add("slower", `{}`)
			}
			time.Sleep(time.Second)
			for range 50 {
				w.add("quick", `{}`)
			}
			time.Sleep(time.Second)
			if s := w.stats("quick"); s.Succeeded != 50 {
				t.Errorf("stats of quick: %+v", s)
			}
			a, b := w.stats("slow").UnderWay, w.stats("slower").UnderWay
			if a+b != 4+2 || a < 2 || b < 2 {
				t.Errorf("under way: %d and %d", a, b)
			}
		})
	})
}

func TestAThrottledFunctionHoldsBackNoOtherAndIsNotRunAgainst(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		w.functions["full"], w.functions["quick"] = throttle, succeed
		for range 500 {
			w.add("full", `{}`)
		}
		w.during(func() {
			time.Sleep(time.Minute)
			w.add("quick", `{}`)
			time.Sleep(time.Millisecond)
			if s := w.stats("quick"); s.Succeeded != 1 {
				t.Errorf("stats of quick: %+v", s)
			}
		})
		// One a second, and those that were under way when it was noticed.
		if n := len(w.taken()); n > 32+60+2 {
			t.Errorf("a function that is throttled was tried %d times in a minute", n)
		}
	})
}

// Those that were tried together are all throttled before that of any is
// recorded. None of them runs, so that no more are tried beside the others.
func TestManyThatAreThrottledAtOnceAreNotManyAgain(t *testing.T) {
	inBubble(t, async.Options{PerFunction: 10}, func(t *testing.T, w *world) {
		w.functions["full"] = func(ctx context.Context, e async.Event) (async.Result, error) {
			time.Sleep(10 * time.Millisecond)
			return throttle(ctx, e)
		}
		for range 100 {
			w.add("full", `{}`)
		}
		w.during(func() { time.Sleep(500 * time.Millisecond) })
		if n := len(w.taken()); n != 10 {
			t.Errorf("%d were tried in half a second, want the first 10", n)
		}
	})
}

// A function with room for three is given three at a time, and an event more
// now and then to see whether there is more room.
func TestAFunctionsOwnLimitIsFound(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		const room, events = 3, 600
		var mu sync.Mutex
		busy := 0
		w.functions["f"] = func(ctx context.Context, e async.Event) (async.Result, error) {
			mu.Lock()
			if busy == room {
				mu.Unlock()
				return throttle(ctx, e)
			}
			busy++
			mu.Unlock()
			time.Sleep(time.Second)
			mu.Lock()
			busy--
			mu.Unlock()
			return succeed(ctx, e)
		}
		for range events {
			w.add("f", `{}`)
		}
		w.during(func() { time.Sleep((events/room + 60) * time.Second) })
		s := w.stats("f")
		if s.Succeeded != events {
			t.Errorf("not done after a minute more than it takes: %+v", s)
		}
		// One a second at most, and those of the beginning.
		if s.Throttled > events/room+60+32 {
			t.Errorf("throttled %d times", s.Throttled)
		}
	})
}

func TestAFunctionThatGetsRoomIsGivenMore(t *testing.T) {
	inBubble(t, async.Options{PerFunction: 20}, func(t *testing.T, w *world) {
		w.functions["f"] = func(ctx context.Context, e async.Event) (async.Result, error) {
			if time.Since(w.began) < time.Minute {
				return throttle(ctx, e)
			}
			time.Sleep(time.Second)
			return succeed(ctx, e)
		}
		for range 1000 {
			w.add("f", `{}`)
		}
		w.during(func() {
			time.Sleep(90*time.Second + 500*time.Millisecond) // between the ends of two runs
			if s := w.stats("f"); s.UnderWay != 20 {
				t.Errorf("after half a minute of room: %+v", s)
			}
			time.Sleep(2 * time.Minute)
		})
		if s := w.stats("f"); s.Succeeded != 1000 {
			t.Errorf("not done: %+v", s)
		}
	})
}

func TestManyFunctionsTakeTurns(t *testing.T) {
	inBubble(t, async.Options{Workers: 2, PerFunction: 2}, func(t *testing.T, w *world) {
		work := func(ctx context.Context, e async.Event) (async.Result, error) {
			time.Sleep(time.Second)
			return succeed(ctx, e)
		}
		for i := range 10 {
			w.functions[fmt.Sprintf("f%d", i)] = work
		}
		for i := range 10 {
			for range 100 {
				w.add(fmt.Sprintf("f%d", i), `{}`)
			}
		}
		w.during(func() { time.Sleep(50 * time.Second) })
		for i := range 10 {
			if s := w.stats(fmt.Sprintf("f%d", i)); s.Succeeded < 50 || s.Succeeded > 70 {
				t.Errorf("f%d: %+v", i, s)
			}
		}
	})
}

func TestWhatIsQueuedIsNotInMemory(t *testing.T) {
	w := newWorld(t, async.Options{})
	defer w.close()
	w.functions["f"] = throttle
	payload := []byte(`"` + strings.Repeat("x", 20<<10) + `"`)
	const events = 5000 // 100 MB
	before := heap()
	var wg sync.WaitGroup
	for range 50 {
		wg.Go(func() {
			for range events / 50 {
				if err := w.Add(t.Context(), async.Event{ID: "e", Ref: function.Ref{Name: "f"}, Payload: payload}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	w.during(func() { time.Sleep(100 * time.Millisecond) })
	if grown := heap() - before; grown > 8<<20 {
		t.Errorf("%d events take %d MB", events, grown>>20)
	}
	if s := w.stats("f"); s.Queued != events {
		t.Errorf("stats: %+v", s)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
