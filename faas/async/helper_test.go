package async_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
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
)

// This program is also the process that is killed: a queue with functions that
// note in files what reaches them. It ends by itself when what started it has.
const (
	helperDir  = "ASYNC_TEST_HELPER_DIR"
	helperJob  = "ASYNC_TEST_HELPER_JOB"
	helperGoal = 10_000
)

// A notebook is a file of lines. What was written to it outlives kill -9: only
// the machine's own end could take it.
type notebook struct{ f *os.File }

func openNotebook(dir, name string) *notebook {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	return &notebook{f: f}
}

func (n *notebook) note(line string) {
	if _, err := n.f.WriteString(line + "\n"); err != nil {
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
