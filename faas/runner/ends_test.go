package runner_test

import (
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"triptych/faas/function"
	"triptych/faas/registry"
	"triptych/faas/runner"
	"triptych/internal/waittest"
)

func TestProcessesThatEnd(t *testing.T) {
	l := newLab(t)
	name := l.function("events", alone)
	for _, c := range []struct{ event, words string }{
		{event("exit", 0), "without providing a reason"},
		{event("exit", 1), "with error: exit status 1"},
		{event("exit", 42), "with error: exit status 42"},
		{event("kill", int(syscall.SIGKILL)), "with error: signal: killed"},
		{event("kill", int(syscall.SIGTERM)), "with error: signal: terminated"},
	} {
		l.answers(name, event("keep", "the file of "+c.words), "null")
		r := l.fails(name, c.event, "Runtime.ExitError", exits(c.words))
		l.logs(r, start+"RequestId: ID Error: Runtime exited "+c.words+"\n"+end+exitError)
		if r.MaxMemory == 0 {
			t.Error("it used no memory")
		}
		// The same environment, with another process: it begins within the
		// invocation, which has no Init Duration.
		next := l.answers(name, event("kept"), `"the file of `+c.words+` false 1"`)
		l.logs(next, start+end+"\n")
		if !next.Cold || !next.Init.Suppressed || next.Duration < next.Init.Duration() {
			t.Errorf("the next took %s, of which its initialisation %s", next.Duration, next.Init.Duration())
		}
	}
	if n := instances(l, name); n != 1 {
		t.Errorf("there are %d instances, want 1", n)
	}
}

func instances(l *lab, name string) (n int) {
	for c, count := range l.Counts() {
		if c.Name == name {
			n += count.Instances
		}
	}
	return n
}

func TestAFunctionThatTakesTooMuchMemory(t *testing.T) {
	l := newLab(t)
	name := l.function("events", configured(func(c *function.Config) { c.Memory = 128 }))
	r := l.fails(name, event("hog", 1000), "Runtime.ExitError", exits("with error: signal: killed"))
	l.logs(r, start+"RequestId: ID Error: Runtime exited with error: signal: killed: it took more than its N MB of memory\n"+end+cold+exitError)
	if r.MaxMemory < 100 || r.MaxMemory > 300 {
		t.Errorf("it used %d MB", r.MaxMemory)
	}
	l.answers(name, event("hog", 10), "10")
}

func TestTimeouts(t *testing.T) {
	l := newLab(t)
	const limit = 3 * time.Second // in which another process must be ready on a busy machine
	name := l.function("events", alone, timeout(limit))
	const words = "Task timed out after 3.00 seconds"
	l.answers(name, event("keep", "before"), "null")
	for range 2 {
		begin := time.Now()
		r := l.fails(name, event("sleep", 60_000), "Sandbox.Timedout",
			`{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: ID Error: `+words+`"}`)
		if took := time.Since(begin); took < limit-200*time.Millisecond || took > 40*time.Second || r.Duration != limit {
			t.Errorf("it took %s and reports %s", took, r.Duration)
		}
		l.logs(r, start+"TIME ID "+words+"\n"+end+timedOut)
		// /tmp is kept, what was in memory is not.
		next := l.answers(name, event("kept"), `"before false 1"`)
		l.logs(next, start+end+"\n")
	}
	if n := instances(l, name); n != 1 {
		t.Errorf("there are %d instances, want 1", n)
	}
	l.answers(name, event("sleep", 500), "2") // and a part of its time is no reason
}

func TestWhoAsksForSIGTERMGetsIt(t *testing.T) {
	l := newLab(t)
	const limit = 2 * time.Second
	for handler, grace := range map[string]bool{"sigterm": true, "sigterm-obeyed": false} {
		name := l.function(handler, alone, timeout(limit))
		// On a busy machine who obeys may need a few tries to be quick at it.
		tries, took := 0, time.Hour
		for ; took > limit+400*time.Millisecond && tries < 5; tries++ {
			begin := time.Now()
			r := l.invoke(name, event("sleep", 60_000))
			took = time.Since(begin)
			if !r.Failed || r.ErrorType != "Sandbox.Timedout" || !strings.Contains(log(r), "\nasked to end\n") {
				t.Errorf("it ended by %s with the log %q", r.ErrorType, log(r))
			}
			if grace {
				tries++
				break
			}
		}
		if took > limit+400*time.Millisecond != grace {
			t.Errorf("%s: it took %s to end", handler, took)
		}
		l.answers(name, event("count"), "1")
		l.change(name)
		waittest.Until(t, "the instance is gone", func() bool { return instances(l, name) == 0 })
		asked := 0
		waittest.Until(t, "what it printed when it was asked is in the log", func() bool {
			asked = 0
			for line, err := range l.Journal.Lines(t.Context(), name, all) {
				if err != nil {
					t.Fatal(err)
				}
				if line.Text == "asked to end" {
					asked++
				}
			}
			return asked == tries+1
		})
	}
}

func TestTmpGoesWithTheEnvironment(t *testing.T) {
	l := newLab(t)
	name := l.function("events", alone)
	tmp := strings.Trim(string(l.invoke(name, event("tmp")).Payload), `"`)
	l.answers(name, event("keep", "text"), "null")
	if b, err := os.ReadFile(tmp + "/kept"); string(b) != "text" {
		t.Errorf("the file holds %q: %v", b, err)
	}
	if err := l.Registry.Delete(name); err != nil {
		t.Fatal(err)
	}
	waittest.Until(t, "its folder is gone", func() bool {
		_, err := os.Stat(tmp)
		return os.IsNotExist(err)
	})
}

func TestInitialisationsThatFail(t *testing.T) {
	l := newLab(t)
	const report = "INIT_REPORT Init Duration: N ms\tPhase: "
	const failed = "Status: error\tError Type: "
	t.Run("it exits", func(t *testing.T) {
		l := &lab{Runner: l.Runner, T: t}
		name := l.function("init-exit")
		r := l.fails(name, `{}`, "Runtime.ExitError", exits("with error: exit status 7"))
		line := report + "invoke\t" + failed + "Runtime.ExitError\n"
		l.logs(r, "cannot begin\n"+line+start+"RequestId: ID Error: Runtime exited with error: exit status 7\n"+end+exitError)
		l.journal(name, "cannot begin\n"+report+"init\t"+failed+"Runtime.ExitError\n"+log(r))
	})
	t.Run("it panics", func(t *testing.T) {
		l := &lab{Runner: l.Runner, T: t}
		l.fails(l.function("init-panic"), `{}`, "Runtime.ExitError", exits("with error: exit status 2"))
	})
	t.Run("it says why", func(t *testing.T) {
		l := &lab{Runner: l.Runner, T: t}
		const why = `{"errorMessage":"no settings","errorType":"Settings.Missing"}`
		name := l.script(`#!/bin/sh
curl -s -o /dev/null -H 'Lambda-Runtime-Function-Error-Type: Settings.Missing' -d '` + why + `' http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/init/error
sleep 60
`)
		r := l.fails(name, `{}`, "Settings.Missing", why)
		l.logs(r, report+"invoke\t"+failed+"Settings.Missing\n"+start+end+failed+"Settings.Missing\t\n")
	})
	t.Run("its second try is good", func(t *testing.T) {
		l := &lab{Runner: l.Runner, T: t}
		name := l.function("init-second", alone)
		r := l.answers(name, event("count"), "1")
		l.logs(r, start+end+"\n")
		if r.Duration < 200*time.Millisecond {
			t.Errorf("it took %s: its initialisation is a part of that", r.Duration)
		}
		l.answers(name, event("count"), "2")
	})
	t.Run("no time is left", func(t *testing.T) {
		l := &lab{Runner: l.Runner, T: t}
		name := l.function("init-second", timeout(time.Second))
		r := l.invoke(name, event("sleep", 900)) // beside the initialisation's 200 ms
		if r.ErrorType != "Sandbox.Timedout" || r.Duration != time.Second {
			t.Errorf("it took %s and ended by %q", r.Duration, r.ErrorType)
		}
	})
}

// journal holds a function's lines to what is wanted. They are written beside
// the answer.
func (l *lab) journal(name, want string) {
	l.Helper()
	got := ""
	waittest.Until(l, "the log holds "+want, func() bool {
		got = ""
		for line, err := range l.Journal.Lines(l.Context(), name, all) {
			if err != nil {
				l.Fatal(err)
			}
			got += line.Text + "\n"
		}
		got = uuids.ReplaceAllString(numbers.ReplaceAllString(got, "N $2"), "ID")
		return strings.Count(got, "\n") >= strings.Count(want, "\n")
	})
	if got != want {
		l.Errorf("the log is\n%q\nwant\n%q", got, want)
	}
}

func TestProgramsThatCannotBeStarted(t *testing.T) {
	l := newLab(t)
	for name, c := range map[string]struct{ bootstrap, words string }{
		"text":                           {"hello, world\n", "exec format error"},
		"a program of another machine":   {"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xff\x00\x01\x00\x00\x00", "exec format error"},
		"a script without interpreter":   {"#!/nowhere/sh\n", "no such file or directory"},
		"a script of what is no program": {"#!/etc/hostname\n", "permission denied"},
	} {
		t.Run(name, func(t *testing.T) {
			l := &lab{Runner: l.Runner, T: t}
			f := l.script(c.bootstrap)
			r := l.fails(f, `{}`, "Runtime.InvalidEntrypoint",
				`{"errorType":"Runtime.InvalidEntrypoint","errorMessage":"RequestId: ID Error: fork/exec /var/task/bootstrap: `+c.words+`"}`)
			if got := log(r); !strings.HasSuffix(got, start+"RequestId: ID Error: fork/exec /var/task/bootstrap: "+c.words+"\n"+end+"Status: error\tError Type: Runtime.InvalidEntrypoint\t\n") ||
				!strings.Contains(got, "INIT_REPORT Init Duration: N ms\tPhase: init\tStatus: error\tError Type: Runtime.InvalidEntrypoint\n") {
				t.Errorf("the log is %q", got)
			}
		})
	}
}

// A process that asks for an event and goes, again and again.
func TestAProcessThatTakesNoEvent(t *testing.T) {
	l := newLab(t)
	name := l.script("#!/bin/sh\ncurl -s -m 0.05 -o /dev/null http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next\nexit 3\n")
	begin := time.Now()
	for range 3 {
		r := l.invoke(name, `{}`)
		if !r.Failed || r.ErrorType != "Runtime.ExitError" {
			t.Errorf("it ended by %q: %s", r.ErrorType, r.Payload)
		}
		time.Sleep(70 * time.Millisecond) // now it is gone, while it was idle
	}
	if took := time.Since(begin); took > time.Minute {
		t.Errorf("it took %s", took)
	}
}

// A shell's function answers and never asks for another event.
func TestAProcessThatDoesNotAskAgain(t *testing.T) {
	l := newLab(t)
	name := l.script(`#!/bin/sh
api=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation
id=$(curl -s -o /dev/null -w '%header{lambda-runtime-aws-request-id}' $api/next)
curl -s -o /dev/null -d "$$" $api/$id/response
sleep 60
`, timeout(5*time.Second))
	first := l.invoke(name, `{}`)
	second := l.invoke(name, `{}`)
	if first.Failed || second.Failed || string(first.Payload) == string(second.Payload) {
		t.Errorf("the answers are %s and %s, want those of two processes", first.Payload, second.Payload)
	}
	waittest.Until(t, "both are ended at their deadlines", func() bool { return instances(l, name) == 0 })
}

func TestABurstOfProcesses(t *testing.T) {
	const size, limit = 10_000, 10
	l := newLab(t, func(o *runner.Options) { o.Concurrency = 200 })
	reserved := limit
	name := l.function("events", func(f *registry.Function) { f.Reserved = &reserved })
	burst(l, name, size, limit)
}
