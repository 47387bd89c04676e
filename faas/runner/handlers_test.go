package runner_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"triptych/faas/function"
	"triptych/faas/registry"
	"triptych/faas/runner"
	"triptych/faas/trace"
)

func TestHandlersOfEveryKind(t *testing.T) {
	l := newLab(t)
	const named = `{"Name":"ada"}`
	for _, c := range []struct{ handler, event, want, fails string }{
		{"()", `{}`, "null", ""},
		{"() error", `{}`, "", `{"errorMessage":"of () error","errorType":"errorString"}`},
		{"(in)", named, "null", ""},
		{"(in) error", named, "", `{"errorMessage":"of ada","errorType":"errorString"}`},
		{"() (out, error)", `{}`, `{"Hello":"nobody"}`, ""},
		{"(in) (out, error)", named, `{"Hello":"ada"}`, ""},
		{"(ctx)", `{}`, "null", ""},
		{"(ctx) error", `{}`, "null", ""},
		{"(ctx, in)", named, "null", ""},
		{"(ctx, in) error", named, "null", ""},
		{"(ctx) (out, error)", `{}`, `{"Hello":"nobody"}`, ""},
		{"(ctx, in) (out, error)", named, `{"Hello":"ada"}`, ""},
		{"(ctx, in) (reader, error)", named, "as it is: ada", ""},
		{"(ctx, string) (*out, error)", `"text"`, "null", ""},
		{"Handler", `[1, 2]`, "raw [1, 2]", ""},
		{"(in)", `"no object"`, "", `{"errorMessage":"json: cannot unmarshal string into Go value of type main.in","errorType":"UnmarshalTypeError"}`},
	} {
		t.Run(c.handler, func(t *testing.T) {
			l := &lab{Runner: l.Runner, T: t}
			name := l.function(c.handler)
			for range 2 {
				if c.fails != "" {
					l.fails(name, c.event, "", c.fails)
				} else {
					r := l.answers(name, c.event, c.want)
					if wantType := map[bool]string{true: "application/json", false: "application/octet-stream"}[strings.HasPrefix(c.want, "{") || c.want == "null"]; r.ContentType != wantType && c.handler != "Handler" {
						t.Errorf("the content type is %q, want %q", r.ContentType, wantType)
					}
				}
			}
		})
	}
}

func TestTheFirstAndTheNextInvocation(t *testing.T) {
	l := newLab(t)
	name := l.function("events", alone)
	first := l.answers(name, event("count"), "1")
	l.logs(first, start+end+cold+"\n")
	second := l.answers(name, event("count"), "2")
	l.logs(second, start+end+"\n")
	if !first.Cold || second.Cold || first.Version != function.Latest {
		t.Errorf("cold %v and %v, version %s", first.Cold, second.Cold, first.Version)
	}
	if init := first.Init.Duration(); init <= 0 || first.Billed < init || first.Billed%time.Millisecond != 0 || first.MaxMemory < 2 || first.MaxMemory > 100 {
		t.Errorf("the first took %s after %s, is billed %s and used %d MB", first.Duration, init, first.Billed, first.MaxMemory)
	}
	if second.Billed-second.Duration >= time.Millisecond || second.Billed < second.Duration {
		t.Errorf("the second took %s and is billed %s", second.Duration, second.Billed)
	}
}

func TestErrorsOfHandlers(t *testing.T) {
	l := newLab(t)
	name := l.function("events", alone)
	l.answers(name, event("count"), "1")
	const handled = `{"errorMessage":"out of tea","errorType":"errorString"}`
	r := l.fails(name, event("error", "out of tea"), "", handled)
	// aws-lambda-go prints what it posts, with the time before.
	if got := log(r); !strings.HasPrefix(got, start) || !strings.HasSuffix(got, end+"\n") || !strings.Contains(got, handled+"\n"+"END") {
		t.Errorf("the log is %q", got)
	}
	l.fails(name, event("named-error", "out of tea"), "", `{"errorMessage":"out of tea","errorType":"namedError"}`)
	l.answers(name, event("count"), "4") // the same process
}

func TestPanics(t *testing.T) {
	l := newLab(t)
	name := l.function("events", alone)
	for do, want := range map[string][2]string{"panic": {"string", "no tea"}, "panic-error": {"namedError", "no tea"}} {
		l.answers(name, event("count"), "1")
		r := l.invoke(name, event(do, "no tea"))
		var got struct {
			ErrorMessage, ErrorType string
			StackTrace              []struct {
				Path, Label string
				Line        int
			}
		}
		if err := json.Unmarshal(r.Payload, &got); err != nil || !r.Failed || got.ErrorMessage != want[1] || got.ErrorType != want[0] || len(got.StackTrace) == 0 {
			t.Errorf("a panic was answered with %s, failed %v, want %v", r.Payload, r.Failed, want)
		}
		next := l.answers(name, event("count"), "1")
		if !next.Cold {
			t.Error("the process outlived its panic")
		}
		l.fails(name, event("exit", 0), "Runtime.ExitError", exits("without providing a reason")) // so that the next one begins anew
	}
}

func TestWhatAnEventComesWith(t *testing.T) {
	l := newLab(t)
	name := l.function("events", timeout(7*time.Second), func(f *registry.Function) { f.Latest.Memory = 300 })
	id := uuid.NewString()
	header := trace.New(time.Now())
	r, err := l.Invoke(t.Context(), runner.Invocation{
		Ref: function.Ref{Name: name}, RequestID: id, Payload: []byte(event("context")), Trace: header,
		ClientContext: `{"client":{"app_title":"till"},"custom":{"shop":"one"}}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(r.Payload, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"id": id, "arn": function.ARN(name, ""), "client": "till", "custom": map[string]any{"shop": "one"},
		"left": 7.0, "deadline": true, "trace": r.Trace.String(), "traceEnv": r.Trace.String(),
		"name": name, "version": function.Latest, "memory": 300.0, "group": "/aws/lambda/" + name, "slots": 1.0,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("context (-want +got):\n%s", diff)
	}
	if r.Trace.Root != header.Root {
		t.Errorf("the trace is %s, want that of the caller, %s", r.Trace, header)
	}
}

func TestTheEnvironmentHoldsWhatLambdaSetsAndNothingElse(t *testing.T) {
	t.Setenv("RUNNERS_SECRET", "must not be seen")
	l := newLab(t)
	name := l.function("events", configured(func(c *function.Config) {
		c.Env = map[string]string{"OWN": "value = of it", "LANG": "de_DE.UTF-8"}
	}))
	r := l.invoke(name, event("environment"))
	var vars []string
	if err := json.Unmarshal(r.Payload, &vars); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, v := range vars {
		n, value, _ := strings.Cut(v, "=")
		if _, twice := got[n]; twice {
			t.Errorf("%s is there twice", n)
		}
		got[n] = value
	}
	c, _ := l.Registry.Get(name)
	want := map[string]string{
		"AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
		"AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/" + name, "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
		"AWS_REGION": function.Region, "AWS_DEFAULT_REGION": function.Region, "AWS_EXECUTION_ENV": "AWS_Lambda_provided.al2023",
		"AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:1", "_HANDLER": c.Latest.Handler, "TZ": ":UTC", "LANG": "de_DE.UTF-8",
		"PATH": "/usr/local/bin:/usr/bin:/bin", "GOMAXPROCS": "1", "GOMEMLIMIT": "230MiB", "OWN": "value = of it",
		"_X_AMZN_TRACE_ID": r.Trace.String(), // which aws-lambda-go sets
	}
	for n, shape := range map[string]string{
		"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:", "AWS_LAMBDA_LOG_STREAM_NAME": time.Now().UTC().Format("2006/01/02/") + "[$LATEST]",
		"AWS_ACCESS_KEY_ID": "ASIA", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "",
		"LAMBDA_TASK_ROOT": l.data + "/code/", "LAMBDA_RUNTIME_DIR": l.data + "/code/", "TMPDIR": l.data + "/instances/",
	} {
		if !strings.HasPrefix(got[n], shape) || len(got[n]) == len(shape) {
			t.Errorf("%s is %q, want it to begin with %q", n, got[n], shape)
		}
		want[n] = got[n]
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	l.answers(name, event("folder"), fmt.Sprintf("%q", got["LAMBDA_TASK_ROOT"]))
}

func TestStreamedAnswers(t *testing.T) {
	l := newLab(t)
	name := l.function("url")
	const request = `{"rawPath":%q,"requestContext":{"domainName":"localhost","http":{"method":"GET"}}}`
	r := l.answers(name, fmt.Sprintf(request, "/tea"), `{"statusCode":418,"headers":{"X-Path":"/tea"}}`+"\x00\x00\x00\x00\x00\x00\x00\x00first,second")
	if r.ContentType != "application/vnd.awslambda.http-integration-response" {
		t.Errorf("the content type is %q", r.ContentType)
	}
	l.fails(name, fmt.Sprintf(request, "/panic"), "Runtime.ExitError", exits("with error: exit status 2"))
	l.answers(name, fmt.Sprintf(request, "/"), `{"statusCode":418,"headers":{"X-Path":"/"}}`+"\x00\x00\x00\x00\x00\x00\x00\x00first,second")
}

// A reader that fails after some bytes: the function says so behind them.
func TestAnAnswerThatIsBrokenOff(t *testing.T) {
	l := newLab(t)
	name := l.function("events", alone)
	l.fails(name, event("broken-reader", "the pot is empty"), "namedError", `{"errorMessage":"the pot is empty","errorType":"namedError"}`)
	l.answers(name, event("count"), "2")
}

func TestTheLargestAnswer(t *testing.T) {
	l := newLab(t)
	name := l.function("events", alone)
	r := l.invoke(name, event("size", function.MaxReply))
	if r.Failed || len(r.Payload) != 6_291_556 {
		t.Errorf("got %d bytes, failed %v", len(r.Payload), r.Failed)
	}
	r = l.fails(name, event("size", function.MaxReply+1), "Function.ResponseSizeTooLarge",
		`{"errorType":"Function.ResponseSizeTooLarge","errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes)."}`)
	if !strings.Contains(log(r), "Status: error\tError Type: Function.ResponseSizeTooLarge\t\n") {
		t.Errorf("the log is %q", log(r))
	}
	// The function is refused with 413, of which aws-lambda-go dies.
	if r := l.answers(name, event("count"), "1"); !r.Cold {
		t.Error("the process outlived its refused answer")
	}
}

func TestSeveralEventsInOneProcess(t *testing.T) {
	const slots = 4
	l := newLab(t)
	name := l.function("meet", configured(func(c *function.Config) { c.Runner.MaxConcurrency = slots }))
	results := make(chan *runner.Result, slots)
	for range slots {
		go func() { results <- l.invoke(name, event("meet", slots)) }()
	}
	var payloads []string
	colds := 0
	for range slots {
		r := <-results
		payloads = append(payloads, string(r.Payload))
		if r.Cold {
			colds++
		}
		if got := log(r); !strings.Contains(got, "START RequestId: ID") || !strings.Contains(got, "END RequestId: ID\nREPORT RequestId: ID") {
			t.Errorf("the log is %q", got)
		}
	}
	if slices.Sort(payloads); payloads[0] != payloads[slots-1] || !strings.HasSuffix(payloads[0], ` 4"`) {
		t.Errorf("the answers are %v: want four of one process", payloads)
	}
	if colds != 1 {
		t.Errorf("%d events say that they were the first, want 1", colds)
	}
	for c, n := range l.Counts() {
		if c.Name == name && n.Instances != 1 {
			t.Errorf("there are %d instances, want 1", n.Instances)
		}
	}
}
