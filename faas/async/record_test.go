package async_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"triptych/faas/async"
	"triptych/faas/function"
	"triptych/faas/trace"
)

// withoutIDs puts "id" in the place of a record's request id, after checking
// that it is one.
func withoutIDs(t *testing.T, body []byte) []byte {
	t.Helper()
	var r map[string]any
	if err := json.Unmarshal(body, &r); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	c := r["requestContext"].(map[string]any)
	if id := c["requestId"].(string); len(id) != 36 {
		t.Errorf("the request id is %q", id)
	}
	c["requestId"] = "id"
	body, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// The wanted records are AWS's own, with this runner's names: those of the
// function contract 1.6, recorded in March 2023 and March 2024.
func TestRecordsAreAsAWSWritesThem(t *testing.T) {
	type result = async.Result
	none := 0
	raise := result{Status: 200, ExecutedVersion: "$LATEST", FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"Test exception (this is intentional)","errorType":"Exception"}`)}
	for _, c := range []struct {
		name     string
		ref      function.Ref
		payload  string
		result   result
		settings async.Settings
		want     string
	}{
		{"success", function.Ref{Name: "f"}, `{}`, result{Status: 200, ExecutedVersion: "$LATEST", Payload: []byte(`{"event":{}}`)}, async.Settings{},
			`{"version":"1.0","timestamp":"2000-01-01T00:00:00.000Z","requestContext":{"requestId":"id","functionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
			"condition":"Success","approximateInvokeCount":1},"requestPayload":{},"responseContext":{"statusCode":200,"executedVersion":"$LATEST"},"responsePayload":{"event":{}}}`},
		{"an alias and markup", function.Ref{Name: "f", Qualifier: "live"}, `"<&>"`, result{Status: 200, ExecutedVersion: "7", Payload: []byte(`null`)}, async.Settings{},
			`{"version":"1.0","timestamp":"2000-01-01T00:00:00.000Z","requestContext":{"requestId":"id","functionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:live",
			"condition":"Success","approximateInvokeCount":1},"requestPayload":"<&>","responseContext":{"statusCode":200,"executedVersion":"7"},"responsePayload":null}`},
		{"an error", function.Ref{Name: "f"}, `{"raise_error":1}`, raise, async.Settings{MaximumRetryAttempts: &none},
			`{"version":"1.0","timestamp":"2000-01-01T00:00:00.000Z","requestContext":{"requestId":"id","functionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
			"condition":"RetriesExhausted","approximateInvokeCount":1},"requestPayload":{"raise_error":1},"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},
			"responsePayload":{"errorMessage":"Test exception (this is intentional)","errorType":"Exception"}}`},
		{"errors", function.Ref{Name: "f"}, `{"raise_error":1}`, raise, async.Settings{},
			`{"version":"1.0","timestamp":"2000-01-01T00:03:00.000Z","requestContext":{"requestId":"id","functionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
			"condition":"RetriesExhausted","approximateInvokeCount":3},"requestPayload":{"raise_error":1},"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},
			"responsePayload":{"errorMessage":"Test exception (this is intentional)","errorType":"Exception"}}`},
		// At a maximum age of 60 s the first retry would be too late, so AWS makes
		// none.
		{"too old for a retry", function.Ref{Name: "f"}, `{"raise_error":1}`, raise, async.Settings{MaximumEventAge: 59 * time.Second},
			`{"version":"1.0","timestamp":"2000-01-01T00:00:00.000Z","requestContext":{"requestId":"id","functionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
			"condition":"EventAgeExceeded","approximateInvokeCount":1},"requestPayload":{"raise_error":1},"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},
			"responsePayload":{"errorMessage":"Test exception (this is intentional)","errorType":"Exception"}}`},
		{"no concurrency", function.Ref{Name: "f"}, `{"a":1}`, result{}, async.Settings{ZeroReserved: true},
			`{"version":"1.0","timestamp":"2000-01-01T00:00:00.000Z","requestContext":{"requestId":"id","functionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
			"condition":"ZeroReservedConcurrency","approximateInvokeCount":0},"requestPayload":{"a":1}}`},
		{"no JSON", function.Ref{Name: "f"}, ``, result{Status: 200, ExecutedVersion: "$LATEST", Payload: []byte("\x89PNG")}, async.Settings{},
			`{"version":"1.0","timestamp":"2000-01-01T00:00:00.000Z","requestContext":{"requestId":"id","functionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
			"condition":"Success","approximateInvokeCount":1},"requestPayload":null,"responseContext":{"statusCode":200,"executedVersion":"$LATEST"},
			"deliveryError":{"statusCode":400,"errorCode":"InvalidRequestContentException","errorMessage":"The function response payload could not be parsed as JSON."}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, async.Options{}, func(t *testing.T, w *world) {
				w.functions["f"] = func(context.Context, async.Event) (result, error) { return c.result, nil }
				c.settings.OnSuccess, c.settings.OnFailure = queueARN("records"), queueARN("records")
				w.set("f", c.settings)
				w.during(func() {
					err := w.Add(context.Background(), async.Event{ID: "0b8e3c26-5b3c-4e1f-9a37-d7e2f0d5a001", Ref: c.ref, Payload: []byte(c.payload)})
					if err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Hour)
				})
				got := w.messages("records")
				if len(got) != 1 {
					t.Fatalf("%d records", len(got))
				}
				asRecorded(t, withoutIDs(t, got[0].Body), c.want)
			})
		})
	}
}

func TestADeadLetterIsTheEventAndWhatWentWrong(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		none := 0
		w.functions["f"], w.functions["zero"], w.functions["long"] = fail, fail, func(context.Context, async.Event) (async.Result, error) {
			return async.Result{Status: 200, FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"` + strings.Repeat("ä", 800) + `"}`)}, nil
		}
		w.set("f", async.Settings{MaximumRetryAttempts: &none, DeadLetter: queueARN("dead")})
		w.set("long", async.Settings{MaximumRetryAttempts: &none, DeadLetter: queueARN("dead-long")})
		w.set("zero", async.Settings{ZeroReserved: true, DeadLetter: queueARN("dead-zero")})
		var id string
		w.during(func() {
			id = w.add("f", `{"raise_error": 1}`)
			w.add("zero", `{}`)
			w.add("long", `{}`)
			time.Sleep(time.Hour)
		})
		got := w.messages("dead")[0]
		if string(got.Body) != `{"raise_error": 1}` {
			t.Errorf("the body is %s", got.Body)
		}
		want := map[string]string{"RequestID": id, "ErrorCode": "200", "ErrorMessage": "Test exception (this is intentional)"}
		if diff := cmp.Diff(want, got.Attributes); diff != "" {
			t.Errorf("attributes (-want +got):\n%s", diff)
		}
		zero := w.messages("dead-zero")[0].Attributes
		if _, ok := zero["ErrorCode"]; ok || !strings.Contains(zero["ErrorMessage"], "zero reserved") {
			t.Errorf("without concurrency it says %v", zero)
		}
		if m := w.messages("dead-long")[0].Attributes["ErrorMessage"]; len(m) != 1024 || strings.ContainsRune(m, '\uFFFD') {
			t.Errorf("a long message is cut to %d bytes", len(m))
		}
	})
}

func TestAFunctionAsDestinationGetsTheRecordAsItsEvent(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		var got async.Event
		w.functions["f"] = succeed
		w.functions["g"] = func(ctx context.Context, e async.Event) (async.Result, error) {
			got = e
			return succeed(ctx, e)
		}
		w.set("f", async.Settings{OnSuccess: function.ARN("g", "live")})
		const header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
		w.during(func() {
			err := w.Add(t.Context(), async.Event{ID: "0b8e3c26-5b3c-4e1f-9a37-d7e2f0d5a001", Ref: function.Ref{Name: "f"}, Payload: []byte(`[1]`), TraceID: header})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		})
		if want := (function.Ref{Name: "g", Qualifier: "live"}); got.Ref != want || len(got.ID) != 36 || got.ID == "0b8e3c26-5b3c-4e1f-9a37-d7e2f0d5a001" {
			t.Errorf("the event is %s for %s", got.ID, got.Ref)
		}
		asRecorded(t, withoutIDs(t, got.Payload), `{"version":"1.0","timestamp":"2000-01-01T00:00:00.000Z","requestContext":{"requestId":"id","functionArn":"arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST",
			"condition":"Success","approximateInvokeCount":1},"requestPayload":[1],"responseContext":{"statusCode":200,"executedVersion":"$LATEST"},"responsePayload":{"done":true}}`)
		if h := trace.Parse(got.TraceID); h.Root.String() != "5759e988bd862e3fe1be46a994272793" || len(h.Lineage) != 1 {
			t.Errorf("the trace is %s", h)
		}
	})
}

func TestARecordThatNoFunctionCanTakeIsCounted(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		w.functions["f"] = func(context.Context, async.Event) (async.Result, error) {
			return async.Result{Status: 200, Payload: []byte(`"` + strings.Repeat("x", function.MaxAsyncPayload) + `"`)}, nil
		}
		w.functions["g"], w.functions["h"] = succeed, succeed
		w.set("f", async.Settings{OnSuccess: function.ARN("g", "")})
		w.set("h", async.Settings{OnSuccess: function.ARN("gone", "")})
		w.during(func() {
			w.add("f", `{}`)
			w.add("h", `{}`)
			time.Sleep(time.Hour)
		})
		for _, name := range []string{"f", "h"} {
			if diff := cmp.Diff(async.Stats{Succeeded: 1, Undeliverable: 1}, w.stats(name)); diff != "" {
				t.Errorf("stats of %s (-want +got):\n%s", name, diff)
			}
		}
	})
}
