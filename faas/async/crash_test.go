package async_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"

	"triptych/faas/async"
	"triptych/faas/function"
	"triptych/internal/waittest"
)

// This program is also the process that is killed: a queue with functions that
// note in files what reaches them. It ends by itself when what started it has.
const (
	helperDir  = "ASYNC_TEST_HELPER_DIR"
	helperJob  = "ASYNC_TEST_HELPER_JOB"
	helperGoal = 10_000
)

// A notebook is a file of lines, each on disk before note returns.
type notebook struct {
	mu sync.Mutex
	f  *os.File
}

func openNotebook(dir, name string) *notebook {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	return &notebook{f: f}
}

func (n *notebook) note(line string) {
	n.mu.Lock()
	_, err := n.f.WriteString(line + "\n")
	n.mu.Unlock()
	if err == nil {
		err = n.f.Sync()
	}
	if err != nil {
		panic(err)
	}
}

// lines reads a notebook; what was cut off by a kill is not a line.
func lines(tb testing.TB, dir, name string) []string {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		tb.Fatal(err)
	}
	if i := bytes.LastIndexByte(data, '\n'); i >= 0 {
		return strings.Split(string(data[:i]), "\n")
	}
	return nil
}

// A helper is the functions of the process that is killed.
type helper struct {
	delivered *notebook
	mu        sync.Mutex
	tries     map[string]int
	die       bool
}

// settings are those of three functions: one with queues for all that becomes
// of its events, two in a chain.
func (h *helper) settings(r function.Ref) (async.Settings, error) {
	switch r.Name {
	case "work":
		return async.Settings{OnSuccess: queueARN("done"), OnFailure: queueARN("failed"), DeadLetter: queueARN("dead")}, nil
	case "first":
		return async.Settings{OnSuccess: function.ARN("second", "")}, nil
	}
	return async.Settings{OnSuccess: queueARN("chained")}, nil
}

// InvokeEvent runs an event: of each ten of work, two fail always, three fail
// once, one is throttled once.
func (h *helper) InvokeEvent(ctx context.Context, e async.Event) (async.Result, error) {
	h.delivered.note(e.Ref.Name + " " + e.ID)
	if h.die {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	h.mu.Lock()
	h.tries[e.ID]++
	tries := h.tries[e.ID]
	h.mu.Unlock()
	var n int
	if e.Ref.Name == "work" {
		if err := json.Unmarshal(e.Payload, &n); err != nil {
			return async.Result{}, err
		}
	}
	switch n % 10 {
	case 1, 2:
		return fail(ctx, e)
	case 3, 4, 5:
		if tries == 1 {
			return fail(ctx, e)
		}
	case 6:
		if tries == 1 {
			return throttle(ctx, e)
		}
	}
	return succeed(ctx, e)
}

// help is the process: it adds events until there are enough, and delivers them
// until none is left.
func help(dir string) int {
	db, err := bbolt.Open(filepath.Join(dir, "db"), 0o600, &bbolt.Options{Timeout: 10 * time.Second})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // until the test ends
		cancel()
	}()
	job := os.Getenv(helperJob)
	h := &helper{delivered: openNotebook(dir, "delivered"), tries: map[string]int{}, die: job == "die"}
	q, err := async.Open(db, async.Options{Invoker: h, Policy: h.settings,
		Waits: async.Waits{First: 20 * time.Millisecond, Second: 40 * time.Millisecond, Throttled: 5 * time.Millisecond, ThrottledLimit: 50 * time.Millisecond}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var wg sync.WaitGroup
	wg.Go(func() { _ = q.Run(ctx) })
	if job == "add" {
		addMany(ctx, dir, q)
	}
	for ctx.Err() == nil && !empty(q) {
		time.Sleep(5 * time.Millisecond)
	}
	fmt.Println("empty")
	<-ctx.Done()
	wg.Wait()
	if err := db.Close(); err != nil {
		return 1
	}
	return 0
}

func empty(q *async.Queue) bool {
	all, err := q.Stats()
	for _, s := range all {
		if s.Queued > 0 {
			return false
		}
	}
	return err == nil
}

func addMany(ctx context.Context, dir string, q *async.Queue) {
	accepted := openNotebook(dir, "accepted")
	data, _ := os.ReadFile(filepath.Join(dir, "accepted"))
	already := bytes.Count(data, []byte("\n"))
	const adders = 16
	var wg sync.WaitGroup
	for i := range adders {
		wg.Go(func() {
			for n := already + i; n < helperGoal && ctx.Err() == nil; n += adders {
				name := "work"
				if n%4 == 0 {
					name = "first"
				}
				id := uuid.NewString()
				err := q.Add(ctx, async.Event{ID: id, Ref: function.Ref{Name: name}, Payload: fmt.Append(nil, n)})
				if err == nil {
					accepted.note(name + " " + id)
				}
			}
		})
	}
	wg.Wait()
}

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

// A result is what the files and the queues say at the end.
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
			if queue == "failed" && dead != nil {
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
	w := &world{t: t, path: filepath.Join(dir, "db"), functions: map[string]func(context.Context, async.Event) (async.Result, error){"work": succeed}}
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
