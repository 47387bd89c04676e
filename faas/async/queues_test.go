package async_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"triptych/faas/async"
	"triptych/faas/function"
	"triptych/faas/trace"
)

func TestDeadLettersArePutBackAsTheEventsTheyWere(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		none := 0
		w.functions["f"], w.functions["other"] = fail, fail
		w.set("f", async.Settings{MaximumRetryAttempts: &none, DeadLetter: queueARN("dead"), OnFailure: queueARN("dead")})
		w.set("other", async.Settings{MaximumRetryAttempts: &none, DeadLetter: queueARN("dead")})
		event := async.Event{ID: "0b8e3c26-5b3c-4e1f-9a37-d7e2f0d5a001", Ref: function.Ref{Name: "f", Qualifier: "live"}, Payload: []byte(`{"n":1}`),
			TraceID: "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:a87bd80c:5", Tenant: "blue"}
		var got async.Event
		w.during(func() {
			if err := w.Add(t.Context(), event); err != nil {
				t.Fatal(err)
			}
			w.add("other", `{}`)
			time.Sleep(time.Minute)
			w.define("f", func(ctx context.Context, e async.Event) (async.Result, error) {
				got = e
				return succeed(ctx, e)
			})
			w.remove("other")
			n, err := w.Redrive("dead")
			if n != 1 || err == nil || !strings.Contains(err.Error(), "put back the dead letters of other") || function.From(err).Status != 404 {
				t.Errorf("put back %d: %v", n, err)
			}
			time.Sleep(time.Minute)
		})
		event.Due = w.began.Add(time.Minute)
		event.TraceID, event.Attempt, event.Accepted = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1", 1, w.began.Add(time.Minute)
		if !got.Accepted.Equal(event.Accepted) || trace.Parse(got.TraceID).Lineage != nil {
			t.Errorf("accepted %s with %s", got.Accepted, got.TraceID)
		}
		got.Accepted, got.Due = event.Accepted, event.Due
		if diff := cmp.Diff(event, got); diff != "" {
			t.Errorf("put back (-want +got):\n%s", diff)
		}
		// The record, and the letter of the function that is gone.
		if n := len(w.messages("dead")); n != 2 {
			t.Errorf("%d messages are left", n)
		}
		infos, err := w.Queues()
		if err != nil {
			t.Fatal(err)
		}
		if len(infos) != 1 || infos[0].Messages != 2 || infos[0].ARN != queueARN("dead") || infos[0].Oldest.Sub(w.began) > time.Second || infos[0].Bytes == 0 {
			t.Errorf("queues: %+v", infos)
		}
	})
}

func TestMessagesAreReadAndDeleted(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		w.functions["f"] = succeed
		w.set("f", async.Settings{OnSuccess: queueARN("done")})
		w.during(func() {
			for i := range 5 {
				w.add("f", fmt.Sprint(i))
				time.Sleep(time.Second)
			}
		})
		messages, err := w.Messages("done", 3)
		if err != nil || len(messages) != 3 {
			t.Fatalf("%d messages: %v", len(messages), err)
		}
		if !slices.IsSortedFunc(messages, func(a, b async.Message) int { return a.Sent.Compare(b.Sent) }) {
			t.Error("the messages are not in order")
		}
		for _, m := range messages {
			if err := w.Delete("done", m.ID); err != nil {
				t.Error(err)
			}
		}
		if n := len(w.messages("done")); n != 2 {
			t.Errorf("%d are left", n)
		}
		for _, c := range []struct {
			err    error
			status int
		}{
			{w.Delete("done", messages[0].ID), 404},
			{w.Delete("done", "x"), 400},
			{w.Delete("none", messages[0].ID), 404},
			{second(w.Messages("none", 1)), 404},
			{second(w.Redrive("none")), 404},
		} {
			if f, ok := errors.AsType[*function.Error](c.err); !ok || f.Status != c.status {
				t.Errorf("got %v, want %d", c.err, c.status)
			}
		}
		infos, err := w.Queues()
		if err != nil || infos[0].Messages != 2 {
			t.Errorf("%+v: %v", infos, err)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestAQueueKeepsItsBounds(t *testing.T) {
	for _, c := range []struct {
		name string
		o    async.Options
		want string // of the oldest left
		n    int
	}{
		{"count", async.Options{MaxMessages: 3}, "7", 3},
		{"bytes", async.Options{MaxMessageBytes: 900}, "", 0},
		{"age", async.Options{MaxMessageAge: 4500 * time.Millisecond}, "6", 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, c.o, func(t *testing.T, w *world) {
				w.functions["f"] = succeed
				w.set("f", async.Settings{OnSuccess: queueARN("done")})
				w.during(func() {
					for i := range 10 {
						w.add("f", fmt.Sprint(i))
						time.Sleep(time.Second)
					}
				})
				got := w.messages("done")
				infos, err := w.Queues()
				if err != nil {
					t.Fatal(err)
				}
				if c.o.MaxMessageBytes > 0 {
					if infos[0].Bytes > c.o.MaxMessageBytes || infos[0].Bytes < c.o.MaxMessageBytes-400 {
						t.Errorf("%+v", infos[0])
					}
					return
				}
				if len(got) != c.n || !strings.Contains(string(got[0].Body), `"requestPayload":`+c.want) {
					t.Errorf("%d are left, the first %s", len(got), got[0].Body)
				}
			})
		})
	}
}

func TestOldMessagesAreRemovedWithoutNewOnes(t *testing.T) {
	inBubble(t, async.Options{MaxMessageAge: time.Hour}, func(t *testing.T, w *world) {
		w.functions["f"] = succeed
		w.set("f", async.Settings{OnSuccess: queueARN("done")})
		w.during(func() {
			w.add("f", `{}`)
			time.Sleep(3 * time.Hour)
		})
		infos, err := w.Queues()
		if err != nil || infos[0].Messages != 0 || infos[0].Bytes != 0 {
			t.Errorf("%+v: %v", infos, err)
		}
	})
}

func TestCheckTarget(t *testing.T) {
	for _, c := range []struct{ arn, target, deadLetter string }{
		{"arn:aws:lambda:us-east-1:000000000000:function:f", "", "is a function: use a queue"},
		{"arn:aws:lambda:eu-west-1:123456789012:function:f:live", "", "is a function"},
		{"arn:aws:sqs:eu-west-1:123456789012:orders-failed", "", ""},
		{"arn:aws:sqs:eu-west-1:123456789012:orders.fifo", "FIFO", "FIFO"},
		{"arn:aws:sqs:eu-west-1:123456789012:a b", "the queue name \"a b\" is not valid", "is not valid"},
		{"arn:aws:sns:eu-west-1:123456789012:topic", "of the service sns, which this runner does not have", "of the service sns"},
		{"arn:aws:events:eu-west-1:123456789012:event-bus/default", "of the service events", "of the service events"},
		{"arn:aws:kafka:eu-west-1:123456789012:topic/t", "of the service kafka", "of the service kafka"},
		{"arn:aws:s3:::bucket", "of the service s3", "of the service s3"},
		{"arn:aws:lambda:us-east-1:000000000000:layer:f", "is not the ARN of a function", "is not the ARN of a function"},
		{"orders-failed", "is not an ARN", "is not an ARN"},
		{"arn:aws:sqs:eu-west-1:123456789012:", "is not an ARN", "is not an ARN"},
		{"", "is not an ARN", "is not an ARN"},
	} {
		for what, check := range map[string]struct {
			err  error
			want string
		}{"target": {async.CheckTarget(c.arn), c.target}, "dead letter": {async.CheckDeadLetter(c.arn), c.deadLetter}} {
			if (check.err == nil) != (check.want == "") || check.err != nil && !strings.Contains(check.err.Error(), check.want) {
				t.Errorf("%s as %s: %v", c.arn, what, check.err)
			}
			if check.err != nil && function.From(check.err).Status != 400 {
				t.Errorf("%s as %s is no fault of the caller's: %v", c.arn, what, check.err)
			}
		}
	}
}

func TestAnEventThatIsTooLargeIsRefused(t *testing.T) {
	w := newWorld(t, async.Options{})
	defer w.close()
	w.functions["f"] = succeed
	err := w.Add(t.Context(), async.Event{ID: "e", Ref: function.Ref{Name: "f"}, Payload: make([]byte, function.MaxAsyncPayload+1)})
	if function.From(err).Status != 413 {
		t.Errorf("got %v", err)
	}
	err = w.Add(t.Context(), async.Event{ID: "e", Ref: function.Ref{Name: "f"}, Payload: make([]byte, function.MaxAsyncPayload)})
	if err != nil {
		t.Error(err)
	}
}
