package async_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"triptych/faas/async"
	"triptych/faas/function"
)

func TestAThrottledEventIsTriedUntilItIsTooOld(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		w.functions["f"] = throttle
		w.set("f", async.Settings{OnFailure: queueARN("failed"), DeadLetter: queueARN("dead"), MaximumEventAge: 20 * time.Minute})
		w.during(func() {
			w.add("f", `{}`)
			time.Sleep(7 * time.Hour)
		})
		var got []time.Duration
		for _, c := range w.taken() {
			got = append(got, c.After)
		}
		// 1, 2, 4 … 256 s, then 5 minutes each.
		var want []time.Duration
		for after, wait := time.Duration(0), time.Second; after < 20*time.Minute; wait = min(2*wait, 5*time.Minute) {
			want = append(want, after)
			after += wait
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("tried after (-want +got):\n%s", diff)
		}
		record := w.messages("failed")[0]
		if age := record.Sent.Sub(w.began); age != 20*time.Minute {
			t.Errorf("the event ended after %s", age)
		}
		asRecorded(t, withoutIDs(t, record.Body), `{"version":"1.0","timestamp":"2000-01-01T00:20:00.000Z","requestContext":{"requestId":"id",
			"functionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST","condition":"EventAgeExceeded","approximateInvokeCount":0},
			"requestPayload":{},"responseContext":{"statusCode":429}}`)
		a := w.messages("dead")[0].Attributes
		if a["ErrorCode"] != "429" || a["ErrorMessage"] != "Rate Exceeded." {
			t.Errorf("the dead letter says %v", a)
		}
		if s := w.stats("f"); s.Dropped != 1 || s.Throttled != int64(len(want)) || s.Queued != 0 {
			t.Errorf("stats: %+v", s)
		}
	})
}

func TestAFailureOfTheRunnerIsTriedAgain(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		tries := 0
		w.functions["f"] = func(ctx context.Context, e async.Event) (async.Result, error) {
			switch tries++; tries {
			case 1:
				return async.Result{}, errors.New("the disk is full")
			case 2:
				return async.Result{}, function.InvalidZip("the code is broken")
			case 3:
				return fail(ctx, e)
			case 4, 5:
				return throttle(ctx, e)
			}
			return succeed(ctx, e)
		}
		w.during(func() {
			w.add("f", `{}`)
			time.Sleep(time.Hour)
		})
		// 1 s and 2 s of the runner's failures, a minute after the function's,
		// and the throttles begin anew.
		want := []call{{"f", 0, 1}, {"f", 1 * time.Second, 2}, {"f", 3 * time.Second, 3}, {"f", 63 * time.Second, 2}, {"f", 64 * time.Second, 3}, {"f", 66 * time.Second, 4}}
		if diff := cmp.Diff(want, w.taken()); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
		if s := w.stats("f"); s.Succeeded != 1 || s.Dropped != 0 {
			t.Errorf("stats: %+v", s)
		}
	})
}

func TestRetriesAreThoseOfTheFunction(t *testing.T) {
	for retries, want := range [][]call{
		{{"f", 0, 1}},
		{{"f", 0, 1}, {"f", time.Minute, 2}},
	} {
		inBubble(t, async.Options{}, func(t *testing.T, w *world) {
			w.functions["f"] = fail
			w.set("f", async.Settings{MaximumRetryAttempts: &retries})
			w.during(func() {
				w.add("f", `{}`)
				time.Sleep(time.Hour)
			})
			if diff := cmp.Diff(want, w.taken()); diff != "" {
				t.Errorf("%d retries (-want +got):\n%s", retries, diff)
			}
		})
	}
}

func TestSettingsAreAskedForAtEachDecision(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		w.functions["f"] = fail
		w.during(func() {
			w.add("f", `{}`)
			time.Sleep(time.Second)
			none := 0
			w.set("f", async.Settings{MaximumRetryAttempts: &none, OnFailure: queueARN("failed")})
			time.Sleep(time.Hour)
		})
		if n := len(w.taken()); n != 2 {
			t.Errorf("%d deliveries", n)
		}
		if n := len(w.messages("failed")); n != 1 {
			t.Errorf("%d records", n)
		}
	})
}

func TestSettingsOfTheEndOfADeliveryHold(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		w.functions["f"] = func(ctx context.Context, e async.Event) (async.Result, error) {
			w.set("f", async.Settings{OnSuccess: queueARN("done")})
			return succeed(ctx, e)
		}
		w.functions["g"] = func(ctx context.Context, e async.Event) (async.Result, error) {
			w.set("g", async.Settings{OnFailure: queueARN("failed"), ZeroReserved: true})
			return throttle(ctx, e)
		}
		w.during(func() {
			w.add("f", `{}`)
			w.add("g", `{}`)
			time.Sleep(time.Millisecond)
		})
		if n := len(w.messages("done")); n != 1 {
			t.Errorf("%d records", n)
		}
		asRecorded(t, withoutIDs(t, w.messages("failed")[0].Body), `{"version":"1.0","timestamp":"2000-01-01T00:00:00.000Z","requestContext":{"requestId":"id",
			"functionArn":"arn:aws:lambda:us-east-1:000000000000:function:g:$LATEST","condition":"ZeroReservedConcurrency","approximateInvokeCount":0},"requestPayload":{}}`)
	})
}

func TestARunnerThatWasDownGoesOnWhereItWas(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		w.functions["f"], w.functions["old"] = fail, succeed
		w.set("old", async.Settings{OnFailure: queueARN("failed"), MaximumEventAge: time.Minute})
		w.during(func() {
			w.add("f", `{}`)
			time.Sleep(time.Second)
		})
		w.add("old", `{"kept":true}`)
		w.close()
		time.Sleep(90 * time.Second)
		w.open()
		w.during(func() { time.Sleep(time.Hour) })
		want := []call{{"f", 0, 1}, {"f", 91 * time.Second, 2}, {"f", 91*time.Second + 2*time.Minute, 3}}
		if diff := cmp.Diff(want, w.taken()); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
		asRecorded(t, withoutIDs(t, w.messages("failed")[0].Body), `{"version":"1.0","timestamp":"2000-01-01T00:01:31.000Z","requestContext":{"requestId":"id",
			"functionArn":"arn:aws:lambda:us-east-1:000000000000:function:old:$LATEST","condition":"EventAgeExceeded","approximateInvokeCount":0},
			"requestPayload":{"kept":true}}`)
	})
}

func TestWhatIsUnderWayAtTheEndIsFinishedOrKept(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		w.functions["quick"] = func(ctx context.Context, e async.Event) (async.Result, error) {
			<-ctx.Done()
			return succeed(ctx, e)
		}
		w.functions["slow"] = func(ctx context.Context, e async.Event) (async.Result, error) {
			<-ctx.Done()
			return async.Result{}, ctx.Err()
		}
		w.during(func() {
			w.add("quick", `{}`)
			w.add("slow", `{}`)
			time.Sleep(time.Second)
			if s := w.stats("slow"); s.UnderWay != 1 || s.Queued != 1 || s.Oldest != time.Second {
				t.Errorf("stats of slow: %+v", s)
			}
		})
		if s := w.stats("quick"); s.Queued != 0 || s.Succeeded != 1 {
			t.Errorf("stats of quick: %+v", s)
		}
		if s := w.stats("slow"); s.Queued != 1 || s.UnderWay != 0 || s.Retried != 0 {
			t.Errorf("stats of slow: %+v", s)
		}
		w.functions["slow"] = succeed
		w.during(func() { time.Sleep(time.Second) })
		if s := w.stats("slow"); s.Queued != 0 || s.Succeeded != 1 {
			t.Errorf("stats of slow afterwards: %+v", s)
		}
	})
}

func TestAFunctionThatIsGoneDropsItsEvents(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		w.functions["f"] = fail
		w.set("f", async.Settings{OnFailure: queueARN("failed"), DeadLetter: queueARN("dead")})
		w.during(func() {
			w.add("f", `{"n":1}`)
			time.Sleep(time.Second)
			w.remove("f")
			time.Sleep(time.Hour)
		})
		if n := len(w.taken()); n != 1 {
			t.Errorf("%d deliveries", n)
		}
		asRecorded(t, withoutIDs(t, w.messages("failed")[0].Body), `{"version":"1.0","timestamp":"2000-01-01T00:01:00.000Z","requestContext":{"requestId":"id",
			"functionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST","condition":"RetriesExhausted","approximateInvokeCount":2},
			"requestPayload":{"n":1},"responseContext":{"statusCode":404}}`)
		a := w.messages("dead")[0].Attributes
		if a["ErrorCode"] != "404" || a["ErrorMessage"] != "Function not found: arn:aws:lambda:us-east-1:000000000000:function:f" {
			t.Errorf("the dead letter says %v", a)
		}
		err := w.Add(context.Background(), async.Event{ID: "x", Ref: function.Ref{Name: "f"}})
		if function.From(err).Status != 404 {
			t.Errorf("an event for it is answered with %v", err)
		}
	})
}

func TestAnEventThatNoTryCanHelpEnds(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		w.functions["f"] = func(context.Context, async.Event) (async.Result, error) {
			return async.Result{}, function.InvalidContent("Could not parse request body into json")
		}
		w.set("f", async.Settings{OnFailure: queueARN("failed")})
		w.during(func() {
			w.add("f", `{}`)
			time.Sleep(time.Hour)
		})
		if n := len(w.taken()); n != 1 {
			t.Errorf("%d deliveries", n)
		}
		asRecorded(t, withoutIDs(t, w.messages("failed")[0].Body), `{"version":"1.0","timestamp":"2000-01-01T00:00:00.000Z","requestContext":{"requestId":"id",
			"functionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST","condition":"RetriesExhausted","approximateInvokeCount":0},
			"requestPayload":{},"responseContext":{"statusCode":400,"functionError":"InvalidRequestContentException"}}`)
	})
}

func TestAnEventWaitsForAVersionThatCannotBeRunYet(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		begun := time.Now()
		w.functions["f"] = func(context.Context, async.Event) (async.Result, error) {
			if time.Since(begun) < 2*time.Second {
				return async.Result{}, function.NotReady(function.Begin(function.Pending))
			}
			return async.Result{Status: 200}, nil
		}
		w.set("f", async.Settings{OnFailure: queueARN("failed")})
		w.during(func() {
			w.add("f", `{}`)
			time.Sleep(time.Hour)
		})
		if s := w.stats("f"); s.Succeeded != 1 || s.Dropped != 0 {
			t.Errorf("a function was deployed anew while an event was queued for it: %+v", s)
		}
	})
}
