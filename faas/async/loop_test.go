package async_test

import (
	"context"
	"testing"
	"time"

	"triptych/faas/async"
	"triptych/faas/function"
	"triptych/faas/trace"
)

// guarded is a function behind a runner that stops loops.
func (w *world) guarded(f functionCode) functionCode {
	return func(ctx context.Context, e async.Event) (async.Result, error) {
		header, ok := trace.Parse(e.TraceID).Hop(e.Ref.Name)
		if s, _ := w.policy(e.Ref); !ok && !s.Recursive {
			return async.Result{}, function.Recursive()
		}
		r, err := f(ctx, e)
		r.TraceID = header.String()
		return r, err
	}
}

func TestALoopByDestinationsIsStopped(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		w.functions["f"], w.functions["g"] = w.guarded(succeed), w.guarded(succeed)
		w.set("f", async.Settings{OnSuccess: function.ARN("g", ""), OnFailure: queueARN("failed"), DeadLetter: queueARN("dead")})
		w.set("g", async.Settings{OnSuccess: function.ARN("f", "")})
		w.during(func() {
			w.add("f", `{}`)
			time.Sleep(time.Hour)
		})
		f, g := w.stats("f"), w.stats("g")
		if f.Succeeded != trace.MaxHops || f.Recursive != 1 || f.Dropped != 1 || g.Succeeded != trace.MaxHops {
			t.Errorf("stats: %+v and %+v", f, g)
		}
		if n := len(w.messages("failed")); n != 1 {
			t.Errorf("%d records", n)
		}
		a := w.messages("dead")[0].Attributes
		if a["ErrorCode"] != "400" || a["ErrorMessage"] != function.Recursive().Message {
			t.Errorf("the dead letter says %v", a)
		}
	})
}

// A function that is its own OnFailure destination would have its stop handed
// on to itself for ever.
func TestALoopByFailuresIsStopped(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		none := 0
		w.functions["f"] = w.guarded(fail)
		w.set("f", async.Settings{OnFailure: function.ARN("f", ""), MaximumRetryAttempts: &none})
		w.during(func() {
			w.add("f", `{}`)
			time.Sleep(time.Hour)
		})
		if s := w.stats("f"); s.Dropped != trace.MaxHops+1 || s.Recursive != 1 || s.Undeliverable != 1 || s.Queued != 0 {
			t.Errorf("stats: %+v", s)
		}
	})
}

func TestALoopThatIsAllowedGoesOn(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		w.functions["f"] = w.guarded(func(ctx context.Context, e async.Event) (async.Result, error) {
			time.Sleep(time.Second)
			return succeed(ctx, async.Event{})
		})
		w.set("f", async.Settings{OnSuccess: function.ARN("f", ""), Recursive: true})
		w.during(func() {
			w.add("f", `{}`)
			time.Sleep(50500 * time.Millisecond)
		})
		if s := w.stats("f"); s.Succeeded < 50 {
			t.Errorf("stats: %+v", s)
		}
	})
}
