package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"triptych/internal/serve"
	"triptych/internal/waittest"
)

// TestWhoInterruptsTwiceDoesNotWait: the runner gives what is under way ten
// seconds, and ends at once when it is asked again. Who waited for an answer
// is told why there is none.
func TestWhoInterruptsTwiceDoesNotWait(t *testing.T) {
	dir := t.TempDir()
	p := program{path: filepath.Join(dir, "faas"), env: os.Environ()}
	if out, err := exec.Command("go", "build", "-o", p.path, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	server, url := p.serve(t, dir)
	slow := shell(t, "1")
	script, err := os.ReadFile(filepath.Join(slow, "bootstrap"))
	if err != nil {
		t.Fatal(err)
	}
	script = []byte(strings.Replace(string(script), "\techo ", "\tsleep 600\n\techo ", 1))
	if err := os.WriteFile(filepath.Join(slow, "bootstrap"), script, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir) // where deploy keeps what it has built
	if _, errs, code := p.run(t, "deploy", "slow", slow, "--timeout", "900", "--endpoint", url); code != 0 {
		t.Fatal(errs)
	}
	told := make(chan string, 1)
	go func() {
		_, errs, _ := p.run(t, "invoke", "slow", "--endpoint", url)
		told <- errs
	}()
	waittest.Until(t, "the start of the event", func() bool {
		out, _, _ := p.run(t, "logs", "slow", "--endpoint", url)
		return strings.Contains(out, "START ")
	})
	begun := time.Now()
	waittest.Until(t, "the end of the runner", func() bool {
		_ = syscall.Kill(server.Pid(), syscall.SIGTERM)
		select {
		case <-server.Done():
			return true
		default:
			return false
		}
	})
	if took := time.Since(begun); took >= serve.Drain {
		t.Errorf("it took %s", took)
	}
	if got, want := <-told, "has ended the connection without an answer: see whether it was stopped\n"; !strings.HasSuffix(got, want) {
		t.Errorf("who waited was told: %s", got)
	}
}
