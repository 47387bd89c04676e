package async_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.etcd.io/bbolt"

	"triptych/faas/async"
	"triptych/faas/function"
	"triptych/internal/waittest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperDir); dir != "" {
		os.Exit(help(dir))
	}
	waittest.Main(m)
}

// functionCode is what a function does; called InvokeEvent it is a runner.
type functionCode func(context.Context, async.Event) (async.Result, error)

func (f functionCode) InvokeEvent(ctx context.Context, e async.Event) (async.Result, error) {
	return f(ctx, e)
}

// A world is a queue with the functions that its events are for.
type world struct {
	*async.Queue
	t    testing.TB
	o    async.Options
	path string
	db   *bbolt.DB

	mu        sync.Mutex
	functions map[string]functionCode
	settings  map[string]async.Settings
	calls     []call
	began     time.Time
}

// A call is a delivery: which function, and after what time.
type call struct {
	Function string
	After    time.Duration
	Attempt  int
}

func newWorld(t testing.TB, o async.Options) *world {
	t.Helper()
	w := &world{t: t, o: o, path: filepath.Join(t.TempDir(), "db"), began: time.Now(),
		functions: map[string]functionCode{}, settings: map[string]async.Settings{}}
	w.o.Invoker = functionCode(w.invoke)
	w.o.Policy = w.policy
	w.open()
	return w
}

func (w *world) open() {
	w.t.Helper()
	db, err := bbolt.Open(w.path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		w.t.Fatal(err)
	}
	w.db = db
	if w.Queue, err = async.Open(db, w.o); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) close() {
	w.t.Helper()
	if err := w.db.Close(); err != nil {
		w.t.Error(err)
	}
}

func (w *world) policy(r function.Ref) (async.Settings, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.functions[r.Name]; !ok {
		return async.Settings{}, function.NotFound("Function not found: %s", function.ARN(r.Name, ""))
	}
	return w.settings[r.Name], nil
}

func (w *world) set(name string, s async.Settings) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.settings[name] = s
}

// define sets what a function does while others may ask.
func (w *world) define(name string, f functionCode) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.functions[name] = f
}

func (w *world) remove(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.functions, name)
}

func (w *world) invoke(ctx context.Context, e async.Event) (async.Result, error) {
	w.mu.Lock()
	f := w.functions[e.Ref.Name]
	w.calls = append(w.calls, call{e.Ref.Name, time.Since(w.began), e.Attempt})
	w.mu.Unlock()
	if f == nil {
		return async.Result{}, function.NotFound("Function not found: %s", function.ARN(e.Ref.Name, ""))
	}
	return f(ctx, e)
}

// during runs the queue while f does something.
func (w *world) during(f func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	f()
	cancel()
	if err := <-ended; err != nil {
		w.t.Error(err)
	}
}

func (w *world) add(name string, payload string) string {
	w.t.Helper()
	id := uuid.NewString()
	err := w.Add(context.Background(), async.Event{ID: id, Ref: function.Ref{Name: name}, Payload: []byte(payload)})
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// taken returns the deliveries since the last call.
func (w *world) taken() []call {
	w.mu.Lock()
	defer w.mu.Unlock()
	calls := w.calls
	w.calls = nil
	return calls
}

// messages returns what is in a queue.
func (w *world) messages(queue string) []async.Message {
	w.t.Helper()
	messages, err := w.Messages(queue, 1000)
	if err != nil {
		w.t.Fatal(err)
	}
	return messages
}

func (w *world) stats(name string) async.Stats {
	w.t.Helper()
	all, err := w.Stats()
	if err != nil {
		w.t.Fatal(err)
	}
	return all[name]
}

func succeed(context.Context, async.Event) (async.Result, error) {
	return async.Result{Status: 200, ExecutedVersion: "$LATEST", Payload: []byte(`{"done":true}`)}, nil
}

func fail(context.Context, async.Event) (async.Result, error) {
	return async.Result{Status: 200, ExecutedVersion: "$LATEST", FunctionError: "Unhandled",
		Payload: []byte(`{"errorMessage":"Test exception (this is intentional)","errorType":"errorString"}`)}, nil
}

func throttle(context.Context, async.Event) (async.Result, error) {
	return async.Result{}, function.Throttled(function.ReservedLimit)
}

var queueARN = function.QueueARN

// inBubble runs f where time passes as soon as all wait.
func inBubble(t *testing.T, o async.Options, f func(t *testing.T, w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, o)
		defer w.close()
		f(t, w)
	})
}

func TestAFunctionErrorIsTriedTwiceMore(t *testing.T) {
	inBubble(t, async.Options{}, func(t *testing.T, w *world) {
		w.functions["f"] = fail
		w.set("f", async.Settings{OnFailure: queueARN("failed"), OnSuccess: queueARN("done")})
		w.during(func() {
			w.add("f", `{}`)
			time.Sleep(time.Hour)
		})
		want := []call{{"f", 0, 1}, {"f", time.Minute, 2}, {"f", 3 * time.Minute, 3}}
		if diff := cmp.Diff(want, w.taken()); diff != "" {
			t.Errorf("deliveries (-want +got):\n%s", diff)
		}
		if n := len(w.messages("failed")); n != 1 {
			t.Errorf("%d records", n)
		}
		if diff := cmp.Diff(async.Stats{Retried: 2, Dropped: 1}, w.stats("f")); diff != "" {
			t.Errorf("stats (-want +got):\n%s", diff)
		}
	})
}

// asRecorded compares JSON with a shape: its times and ids are those of the
// recording.
func asRecorded(t *testing.T, body []byte, want string) {
	t.Helper()
	var got, wanted any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if err := json.Unmarshal([]byte(want), &wanted); err != nil {
		t.Fatal(strconv.Quote(want), err)
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}
