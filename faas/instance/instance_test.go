package instance

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"triptych/faas/code"
	"triptych/faas/function"
	"triptych/faas/journal"
	"triptych/faas/runtimeapi"
	"triptych/faas/sandbox"
	"triptych/internal/waittest"
)

func TestMain(m *testing.M) {
	// internal/child waits for its watcher for as long as the program runs.
	waittest.Main(m, goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
}

// A rig is an environment of a shell's bootstrap.
type rig struct {
	*testing.T
	*Environment
	polls   chan *runtimeapi.Poll
	journal *journal.Journal
}

// The beginnings of bootstraps.
const (
	shell = "#!/bin/sh\napi=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime\n"
	next  = "id=$(curl -s -o /dev/null -w '%header{lambda-runtime-aws-request-id}' $api/invocation/next)\n"
	reply = "curl -s -o /dev/null -d done $api/invocation/$id/response\n"
	loop  = shell + "while :; do\n" + next + reply + "done\n"
)

func newRig(t *testing.T, bootstrap string, change ...func(*Options)) *rig {
	t.Helper()
	fail := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	store, err := code.Open(filepath.Join(dir, "code"), 1<<20)
	fail(err)
	digest, err := store.Put(t.Context(), zipped(t, bootstrap))
	fail(err)
	unpacked, err := store.Fetch(t.Context(), digest)
	fail(err)
	box, err := sandbox.New(sandbox.Basic, dir)
	fail(err)
	t.Cleanup(func() { fail(box.Close()) })
	logs, err := journal.Open(filepath.Join(dir, "logs"), 8<<20)
	fail(err)
	t.Cleanup(logs.Close)
	tmp := filepath.Join(dir, "tmp")
	fail(os.Mkdir(tmp, 0o700))
	r := &rig{T: t, polls: make(chan *runtimeapi.Poll, 100), journal: logs}
	o := Options{
		Config: &function.Config{Name: "hello", Version: function.Latest, Memory: 128, Timeout: 5 * time.Second},
		Code:   unpacked, Sandbox: box, Stream: logs.Stream("hello", function.Latest), Tmp: tmp, Runner: "127.0.0.1:1",
		Free: func(p *runtimeapi.Poll) { r.polls <- p },
	}
	for _, c := range change {
		c(&o)
	}
	r.Environment = New(o)
	t.Cleanup(r.Close)
	return r
}

func zipped(t *testing.T, bootstrap string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "bootstrap"}
	h.SetMode(0o755)
	f, err := w.CreateHeader(h)
	if err == nil {
		_, err = f.Write([]byte(bootstrap))
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func limits(init, timeout time.Duration) func(*Options) {
	return func(o *Options) { o.InitTimeout, o.Config.Timeout = init, timeout }
}

var numbers = regexp.MustCompile(`\d+\.\d\d ms`)

// logs holds the log to what is wanted, with N for times.
func (r *rig) logs(want string) {
	r.Helper()
	var got strings.Builder
	for line, err := range r.journal.Lines(r.Context(), "hello", journal.Query{}) {
		if err != nil {
			r.Fatal(err)
		}
		got.WriteString(numbers.ReplaceAllString(line.Text, "N ms") + "\n")
	}
	if got.String() != want {
		r.Errorf("the log is\n%q\nwant\n%q", got.String(), want)
	}
}

// fails starts the environment, which must fail so.
func (r *rig) fails(kind, words string) *Failure {
	r.Helper()
	err := r.Start(r.Context())
	f, ok := errors.AsType[*Failure](err)
	if !ok || f.Type != kind || f.Message != words {
		r.Fatalf("the start gave %v, want %s: %s", err, kind, words)
	}
	select {
	case <-r.Done():
	default:
		r.Error("its process is left")
	}
	return f
}

func TestAnInitialisationThatTakesTooLong(t *testing.T) {
	r := newRig(t, shell+"echo begin\nsleep 60\n", limits(3*time.Second, 2*time.Second))
	begin := time.Now()
	f := r.fails("Sandbox.Timedout", "Task timed out after 2.00 seconds")
	if took := time.Since(begin); took < 5*time.Second || took > 40*time.Second {
		t.Errorf("it took %s, want 3 s and then 2", took)
	}
	r.logs("begin\nINIT_REPORT Init Duration: N ms\tPhase: init\tStatus: timeout\nbegin\nINIT_REPORT Init Duration: N ms\tPhase: invoke\tStatus: timeout\n")
	o := f.Outcome("7")
	if string(o.Payload) != `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 7 Error: Task timed out after 2.00 seconds"}` || !o.Failed || !o.Cold {
		t.Errorf("the outcome is %+v", o)
	}
}

// Only the first try has ten seconds: the second one belongs to the invocation.
func TestAnInitialisationThatTakesTooLongOnce(t *testing.T) {
	r := newRig(t, shell+"mkdir $TMPDIR/begun && sleep 60\nsleep 2\nwhile :; do\n"+next+reply+"done\n", limits(3*time.Second, 30*time.Second))
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	o, ran := r.Invoke(<-r.polls, runtimeapi.Event{RequestID: "7"}, true)
	took := time.Since(begin)
	if !ran || o.Failed || !o.Cold || !o.Init.Suppressed || o.Duration < o.Init.Duration()+took/2 {
		t.Errorf("the invocation took %s and reports %s: want it to include an initialisation of %s", took, o.Duration, o.Init.Duration())
	}
	o, _ = r.Invoke(<-r.polls, runtimeapi.Event{RequestID: "8"}, true)
	if o.Cold || o.Duration > 2*time.Second { // it has slept then
		t.Errorf("the next one was cold %v and took %s", o.Cold, o.Duration)
	}
}

func TestAProvisionedInitialisationIsTriedOnce(t *testing.T) {
	r := newRig(t, shell+"exit 5\n", func(o *Options) { o.Provisioned = true })
	r.fails("Runtime.ExitError", "Runtime exited with error: exit status 5")
	r.logs("INIT_REPORT Init Duration: N ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n")
}

func TestAStartThatIsGivenUp(t *testing.T) {
	r := newRig(t, shell+"sleep 60\n")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := r.Start(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the start gave %v", err)
	}
	<-r.Done()
	r.Close()
	if err := r.Start(t.Context()); err == nil {
		t.Error("a closed environment was started")
	}
	if _, err := os.Stat(r.Tmp); !os.IsNotExist(err) {
		t.Errorf("its folder is left: %v", err)
	}
}

func TestAPollOfAnEarlierProcess(t *testing.T) {
	r := newRig(t, loop)
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	old := <-r.polls
	r.process.Load().end()
	o, ran := r.Invoke(old, runtimeapi.Event{RequestID: "7"}, false)
	if ran || o.ErrorType != "Runtime.ExitError" {
		t.Errorf("a process that has ended took an event, or left %+v", o)
	}
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ran = r.Invoke(old, runtimeapi.Event{RequestID: "8"}, false); ran {
		t.Error("an earlier poll took an event")
	}
	if o, ran = r.Invoke(<-r.polls, runtimeapi.Event{RequestID: "9"}, false); !ran || string(o.Payload) != "done" || !o.Cold {
		t.Errorf("the next process left %+v", o)
	}
}

func TestAPollThatIsHungUp(t *testing.T) {
	r := newRig(t, shell+"curl -s -m 0.1 $api/invocation/next\nwhile :; do\n"+next+reply+"done\n")
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	hungUp, good := <-r.polls, <-r.polls
	if _, ran := r.Invoke(hungUp, runtimeapi.Event{RequestID: "7"}, false); ran {
		t.Error("a poll without a connection took an event")
	}
	if o, ran := r.Invoke(good, runtimeapi.Event{RequestID: "8"}, false); !ran || !o.Cold {
		t.Errorf("the next poll left %+v", o)
	}
}

// The process ends as its time is over: it is one or the other, and nothing
// waits for both.
func TestTheEndAndTheDeadlineAtOnce(t *testing.T) {
	const limit = 500 * time.Millisecond // of which only a second initialisation would take a part
	seen := map[string]int{}
	for range 8 {
		r := newRig(t, shell+next+"sleep 0.47\nexit 3\n", limits(10*time.Second, limit))
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		o, ran := r.Invoke(<-r.polls, runtimeapi.Event{RequestID: "7"}, false)
		seen[string(o.Payload)]++
		if !ran || o.Duration > limit && o.ErrorType == timeoutError {
			t.Errorf("it ran %v and took %s", ran, o.Duration)
		}
		<-r.Done()
	}
	t.Log(seen)
	for payload := range seen {
		if payload != `{"errorType":"Runtime.ExitError","errorMessage":"RequestId: 7 Error: Runtime exited with error: exit status 3"}` &&
			payload != `{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 7 Error: Task timed out after 0.50 seconds"}` {
			t.Errorf("an outcome is %s", payload)
		}
	}
}

// A process asks for its next event before the lines of the last are written:
// the two do not mix. The process is played by the test, which is faster.
func TestLinesOfEventsDoNotMix(t *testing.T) {
	const events = 3000
	r := newRig(t, shell+"sleep 60\n")
	over := make(chan error)
	go func() {
		waittest.Until(t, "there is a process", func() bool { return r.process.Load() != nil })
		over <- play("http://"+r.process.Load().api.Addr()+"/2018-06-01/runtime/invocation/", events)
	}()
	if err := r.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var invocations sync.WaitGroup
	for range events {
		poll := <-r.polls
		invocations.Go(func() {
			if o, ran := r.Invoke(poll, runtimeapi.Event{RequestID: "7"}, false); !ran || o.Failed {
				t.Errorf("an event ran %v and was answered with %s", ran, o.Payload)
			}
		})
	}
	invocations.Wait()
	if err := <-over; err != nil {
		t.Fatal(err)
	}
	want := []string{"START ", "END Re", "REPORT"}
	i := 0
	for line := range r.journal.Lines(t.Context(), "hello", journal.Query{}) {
		if line.Text[:6] != want[i%3] {
			t.Fatalf("line %d is %q", i, line.Text)
		}
		i++
	}
	if i != 3*events {
		t.Errorf("there are %d lines, want %d", i, 3*events)
	}
}

// play is what a process does.
func play(invocation string, events int) error {
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	for range events {
		next, err := client.Get(invocation + "next")
		if err != nil {
			return err
		}
		next.Body.Close()
		answer, err := client.Post(invocation+next.Header.Get("Lambda-Runtime-Aws-Request-Id")+"/response", "text/plain", strings.NewReader("done"))
		if err != nil {
			return err
		}
		answer.Body.Close()
	}
	return nil
}
