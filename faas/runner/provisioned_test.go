package runner_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"triptych/faas/function"
	"triptych/faas/pool"
	"triptych/faas/registry"
	"triptych/faas/runner"
	"triptych/internal/waittest"
)

func TestProvisionedConcurrency(t *testing.T) {
	l := newLab(t)
	name := l.function("events")
	if _, err := l.Registry.Change(name, func(f *registry.Function) error {
		f.Publish("", uuid.NewString())
		f.SetProvisioned("1", registry.Provisioned{Instances: 2})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	count := func() (n pool.Count) {
		for c, of := range l.Counts() {
			if c.Version == "1" {
				n = of
			}
		}
		return n
	}
	ready := func() bool { c := count(); return c.Idle == 2 && c.Provisioned == 2 }
	waittest.Until(t, "two instances are there before any event", ready)

	invoke := func(payload string) *runner.Result {
		r, err := l.Invoke(t.Context(), runner.Invocation{Ref: function.Ref{Name: name, Qualifier: "1"}, Payload: []byte(payload), Tail: true})
		if err != nil {
			t.Error(err)
			return &runner.Result{}
		}
		return r
	}
	const kind = "AWS_LAMBDA_INITIALIZATION_TYPE="
	r := invoke(event("environment"))
	if env := string(r.Payload); !strings.Contains(env, kind+"provisioned-concurrency") || !strings.Contains(env, "AWS_LAMBDA_FUNCTION_VERSION=1") || r.Version != "1" {
		t.Errorf("version %s has the environment %s", r.Version, env)
	}
	if !strings.HasPrefix(log(r), "START RequestId: ID Version: 1\n") {
		t.Errorf("the log is %q", log(r))
	}

	done := make(chan *runner.Result)
	for range 2 {
		go func() { done <- invoke(event("sleep", 300)) }()
	}
	waittest.Until(t, "both work", func() bool { return count().UnderWay == 2 })
	if env := string(invoke(event("environment")).Payload); !strings.Contains(env, kind+"on-demand") {
		t.Errorf("the third has the environment %s", env)
	}
	for range 2 {
		if r := <-done; r.Failed {
			t.Errorf("an event was answered with %s", r.Payload)
		}
	}
	for range 3 {
		invoke(event("exit", 1)) // whichever it is
	}
	waittest.Until(t, "two of them are there again", func() bool { return count().Provisioned == 2 && count().Idle >= 2 })
	if _, err := l.Registry.Change(name, func(f *registry.Function) error {
		f.Provisioned = nil
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "none is kept any more", func() bool { return count().Provisioned == 0 })
}
