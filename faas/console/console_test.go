package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"triptych/faas/console"
	"triptych/faas/function"
	"triptych/faas/registry"
	"triptych/faas/runner"
	"triptych/faas/sandbox"
	"triptych/faas/stats"
	"triptych/internal/serve"
	"triptych/internal/waittest"
)

func TestMain(m *testing.M) {
	// The process that ends functions should the runner be killed is waited for.
	waittest.Main(m, goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
}

// A shown is a runner with a function that nobody has invoked, and its console.
type shown struct {
	*runner.Runner
	url string
}

// show serves a console as the program does; stop asks the server to end.
func show(t *testing.T) (s shown, stop func()) {
	t.Helper()
	r, err := runner.Open(runner.Options{Data: t.TempDir(), Isolation: sandbox.Basic, Concurrency: 10, KeepAlive: time.Minute, Cache: 1 << 30, Logs: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	c := &function.Config{Name: "hello", Runtime: "provided.al2023", Revision: uuid.NewString()}
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Registry.Create(&registry.Function{Latest: c}); err != nil {
		t.Fatal(err)
	}
	l, err := serve.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve.HTTP(ctx, l, console.Handler(r), nil) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	}
	t.Cleanup(stop)
	return shown{r, "http://" + l.Addr().String()}, stop
}

func get(t *testing.T, method, url string, into any) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
	}
	return answer.StatusCode, string(b)
}

func TestMistakesAreSentences(t *testing.T) {
	s, _ := show(t)
	for _, c := range []struct {
		method, path string
		status       int
		want         string
	}{
		{"GET", "/_/nothing", 404, "there is no GET /_/nothing here"},
		{"PUT", "/_/stats", 404, "there is no PUT /_/stats here"},
		{"GET", "/_/logs/nobody", 404, "Function not found"},
		{"GET", "/_/logs/no!body", 400, "is not valid"},
		{"GET", "/_/logs/hello?since=now", 400, "it must be a time such as"},
		{"GET", "/_/logs/hello?follow=maybe", 400, "it must be 1 or 0"},
		{"GET", "/_/queues/q/messages", 404, "There is no queue q"},
		{"GET", "/_/queues/q/messages?max=0", 400, "a whole number from 1 to 100"},
		{"DELETE", "/_/queues/q/messages/x", 400, "is not the id of a message"},
		{"POST", "/_/queues/q/redrive", 404, "There is no queue q"},
	} {
		var e console.Error
		if status, _ := get(t, c.method, s.url+c.path, &e); status != c.status || !strings.Contains(e.Message, c.want) {
			t.Errorf("%s %s: %d, %q", c.method, c.path, status, e.Message)
		}
	}
}

func TestHealthSaysWhatIsReallyOn(t *testing.T) {
	s, _ := show(t)
	var h console.Health
	if status, _ := get(t, "GET", s.url+"/healthz", &h); status != 200 {
		t.Errorf("got %d", status)
	}
	want := console.Health{Status: "ok", Isolation: "basic"}
	for _, m := range s.Sandbox().Measures() {
		want.Measures = append(want.Measures, console.Measure{Name: m.Name, On: m.On, Why: m.Why})
	}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("health (-want +got):\n%s", diff)
	}
}

func TestAFunctionThatWasNeverInvokedHasFiguresToo(t *testing.T) {
	s, _ := show(t)
	s.Stats.Counter("hello", "3").Ran(stats.Run{Duration: time.Millisecond})
	var all console.Stats
	get(t, "GET", s.url+"/_/stats", &all)
	var got []string
	for _, f := range all.Functions {
		got = append(got, f.Function+" "+f.Version)
	}
	if diff := cmp.Diff([]string{"hello $LATEST", "hello 3"}, got); diff != "" {
		t.Errorf("functions (-want +got):\n%s", diff)
	}
}

func TestLinesAreFollowedUntilTheServerEnds(t *testing.T) {
	s, stop := show(t)
	stream := s.Journal.Stream("hello", "1")
	stream.Line("before")
	for _, follow := range []bool{false, true} { // which ends the server
		t.Run(fmt.Sprintf("follow %v", follow), func(t *testing.T) {
			path := "/_/logs/hello"
			if follow {
				path += "?follow=1"
			}
			answer, err := http.Get(s.url + path)
			if err != nil {
				t.Fatal(err)
			}
			defer answer.Body.Close()
			lines := bufio.NewScanner(answer.Body)
			next := func() string {
				if !lines.Scan() {
					return ""
				}
				var l console.Line
				if err := json.Unmarshal(lines.Bytes(), &l); err != nil || l.Stream != stream.Name() || l.Time.IsZero() {
					t.Errorf("%s: %v", lines.Text(), err)
				}
				return l.Text
			}
			if got := next(); got != "before" {
				t.Errorf("got %q", got)
			}
			if follow {
				stream.Line("after <it>")
				if got := next(); got != "after <it>" {
					t.Errorf("got %q", got)
				}
				begun := time.Now()
				stop()
				if took := time.Since(begun); took >= serve.Drain {
					t.Errorf("the server waited %s for who follows", took)
				}
			}
			if lines.Scan() || lines.Err() != nil {
				t.Errorf("then %q, %v", lines.Text(), lines.Err())
			}
		})
	}
}

func TestFollowingEndsWithTheFunction(t *testing.T) {
	s, _ := show(t)
	s.Journal.Stream("hello", "1").Line("last")
	answer, err := http.Get(s.url + "/_/logs/hello?follow=1")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	if !lines.Scan() {
		t.Fatal(lines.Err())
	}
	if err := s.Registry.Delete("hello"); err != nil {
		t.Fatal(err)
	}
	if lines.Scan() || lines.Err() != nil {
		t.Errorf("then %q, %v", lines.Text(), lines.Err())
	}
}

func TestTheConsoleHasOnlyItsOwn(t *testing.T) {
	for path, want := range map[string]bool{
		"/healthz": true, "/_/stats": true, "/_/logs/f": true, "/_/queues": true, "/_/queues/q/redrive": true,
		"/_/code/abc": false, "/2015-03-31/functions": false, "/": false, "/_/": false,
	} {
		if console.Has(path) != want {
			t.Errorf("%s: %t", path, !want)
		}
	}
}
