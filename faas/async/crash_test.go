package async_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"triptych/faas/function"
	"triptych/internal/waittest"
)

// startHelper starts the process. It is killed at the end of the test.
func startHelper(t *testing.T, dir, job string) (kill func() error, output *bufio.Reader) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), helperDir+"="+dir, helperJob+"="+job)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wait := sync.OnceValue(cmd.Wait)
	kill = func() error {
		_ = cmd.Process.Kill()
		return wait()
	}
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = kill()
	})
	return kill, bufio.NewReader(stdout)
}

// untilEmpty waits until the process has nothing left to do, and ends it.
func untilEmpty(t *testing.T, kill func() error, output *bufio.Reader) {
	t.Helper()
	line, err := output.ReadString('\n')
	if line != "empty\n" {
		t.Fatalf("the process said %q and ended: %v", line, err)
	}
	_ = kill()
}

// counts are how often something came about, by the id of an event.
type counts map[string]int

func (c counts) each(t *testing.T, what string, want int) {
	t.Helper()
	for id, n := range c {
		if n != want {
			t.Errorf("%s is %s %d times", id, what, n)
		}
	}
}

// outcomes counts what became of each event, by the id it was accepted with.
func outcomes(t *testing.T, dir string) (all, dead counts) {
	t.Helper()
	w := &world{t: t, path: filepath.Join(dir, "db")}
	w.o.Policy = w.policy
	w.open()
	defer w.close()
	all, dead = counts{}, counts{}
	type record struct {
		RequestContext struct{ RequestID string }
		RequestPayload json.RawMessage
	}
	read := func(body []byte) (r record) {
		if err := json.Unmarshal(body, &r); err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, queue := range []string{"done", "failed", "chained", "dead"} {
		messages, err := w.Messages(queue, 10*helperGoal)
		if err != nil && function.From(err).Status != 404 {
			t.Fatal(err)
		}
		for _, m := range messages {
			switch queue {
			case "dead":
				dead[m.Attributes["RequestID"]]++
			case "chained":
				all[read(read(m.Body).RequestPayload).RequestContext.RequestID]++
			default:
				all[read(m.Body).RequestContext.RequestID]++
			}
			if queue == "failed" {
				dead[read(m.Body).RequestContext.RequestID] += 10
			}
		}
	}
	return all, dead
}

func TestTenThousandEventsOverFiveKills(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		kill, _ := startHelper(t, dir, "add")
		goal := len(lines(t, dir, "delivered")) + 1500 + 37*i
		waittest.Until(t, "deliveries", func() bool { return len(lines(t, dir, "delivered")) >= goal })
		_ = kill()
	}
	kill, output := startHelper(t, dir, "add")
	untilEmpty(t, kill, output)

	accepted := lines(t, dir, "accepted")
	delivered := counts{}
	for _, line := range lines(t, dir, "delivered") {
		delivered[line]++
	}
	all, dead := outcomes(t, dir)
	if len(accepted) < helperGoal {
		t.Errorf("%d events were accepted", len(accepted))
	}
	for _, line := range accepted {
		_, id, _ := strings.Cut(line, " ")
		if delivered[line] == 0 {
			t.Errorf("%s was accepted and never delivered", line)
		}
		if all[id] != 1 {
			t.Errorf("%s was accepted and ended %d times", line, all[id])
		}
	}
	// Those too whose adding was killed before it could be noted.
	all.each(t, "ended", 1)
	dead.each(t, "a dead letter and a record", 1+10)
	t.Logf("%d accepted, %d ended, %d of them failed", len(accepted), len(all), len(dead))
	if len(dead) < helperGoal/10 {
		t.Errorf("only %d events failed", len(dead))
	}
}

func TestACrashBeforeTheTransactionDeliversAgain(t *testing.T) {
	dir := t.TempDir()
	w := &world{t: t, path: filepath.Join(dir, "db"), functions: map[string]functionCode{"work": succeed}}
	w.o.Policy = w.policy
	w.open()
	id := w.add("work", `7`)
	w.close()

	for range 2 {
		_, output := startHelper(t, dir, "die")
		if out, _ := io.ReadAll(output); len(out) > 0 {
			t.Fatalf("the process was not killed: %s", out)
		}
	}
	kill, output := startHelper(t, dir, "deliver")
	untilEmpty(t, kill, output)
	if got := lines(t, dir, "delivered"); len(got) != 3 || got[0] != "work "+id || got[2] != got[0] {
		t.Errorf("delivered: %q", got)
	}
	if all, _ := outcomes(t, dir); len(all) != 1 || all[id] != 1 {
		t.Errorf("ended: %v", all)
	}
}
