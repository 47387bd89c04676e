package runner_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"triptych/faas/function"
	"triptych/faas/journal"
	"triptych/faas/runner"
	"triptych/internal/waittest"
)

// all is every line of a function.
var all journal.Query

// burst gives a function many events at once, of which at most limit may be
// under way: neither events nor processes are ever more.
func burst(l *lab, name string, size, limit int) {
	l.Helper()
	others := len(children())
	stop := make(chan struct{})
	most := make(chan int)
	go func() {
		n := 0
		for {
			select {
			case <-stop:
				most <- n
				return
			default:
				n = max(n, len(children())-others)
			}
		}
	}()
	var ran, refused atomic.Int64
	var events sync.WaitGroup
	begin := make(chan struct{})
	for range size {
		events.Go(func() {
			<-begin
			r, err := l.Invoke(l.Context(), runner.Invocation{Ref: function.Ref{Name: name}, Payload: []byte(event("sleep", 2))})
			switch e, ok := errors.AsType[*function.Error](err); {
			case err == nil && !r.Failed:
				ran.Add(1)
			case ok && e.Reason == function.ReservedLimit:
				refused.Add(1)
			default:
				l.Errorf("an event was answered with %+v: %v", r, err)
			}
		})
	}
	close(begin)
	events.Wait()
	close(stop)
	if n := <-most; n > limit {
		l.Errorf("there were %d processes at a time, want at most %d", n, limit)
	}
	if ran.Load() < int64(limit) || ran.Load()+refused.Load() != int64(size) {
		l.Errorf("%d ran and %d were refused, of %d", ran.Load(), refused.Load(), size)
	}
}

// More functions than there may be processes: those idle longest make room.
func TestManyFunctionsShareTheRoom(t *testing.T) {
	const room = 3
	l := newLab(t, func(o *runner.Options) { o.Concurrency = room })
	var names []string
	for range 2 * room {
		names = append(names, l.function("events"))
	}
	for range 2 {
		for _, name := range names {
			l.answers(name, event("count"), "1")
			total := 0
			for _, n := range l.Counts() {
				total += n.Instances
			}
			if total > room {
				t.Fatalf("there are %d instances, want at most %d", total, room)
			}
		}
	}
}

// children are the processes that this one has started. A process that has
// begun its program is one; what was forked and has not, is not yet.
func children() (pids []int) {
	tasks, _ := filepath.Glob("/proc/self/task/*/children")
	for _, task := range tasks {
		b, _ := os.ReadFile(task)
		for f := range bytes.FieldsSeq(b) {
			if pid, err := strconv.Atoi(string(f)); err == nil {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// Whatever functions did, afterwards goroutines, files, folders and processes
// are what they were.
func TestNothingIsLeft(t *testing.T) {
	warm := newLab(t) // what is made once per program is made
	warm.answers(warm.function("events"), event("count"), "1")
	warm.Close()
	running := goleak.IgnoreCurrent()
	files, processes := openFiles(t), len(children())

	l := newLab(t, func(o *runner.Options) { o.Freeze = true; o.KeepAlive = 20 * time.Millisecond })
	names := []string{l.function("events", timeout(time.Second)), l.function("sigterm"), l.function("init-exit"), l.script("no program")}
	var events sync.WaitGroup
	for _, name := range names {
		for _, e := range []string{event("count"), event("error", "x"), event("panic", "x"), event("exit", 1), event("sleep", 1500), event("tick"), event("print-always")} {
			events.Go(func() { l.invoke(name, e) })
		}
	}
	events.Wait()
	waittest.Until(t, "all is at zero", func() bool { return len(l.Counts()) == 0 })
	const ahead = 2 // made for those to come
	if left, err := os.ReadDir(l.data + "/instances"); err != nil || len(left) > ahead {
		t.Errorf("%d folders of instances are left, want %d at most: %v", len(left), ahead, err)
	}
	if n := len(children()); n != processes {
		t.Errorf("there are %d processes at zero, want %d", n, processes)
	}
	l.invoke(names[0], event("count")) // and Close ends what is idle
	l.Close()
	if left, err := os.ReadDir(l.data + "/instances"); err != nil || len(left) > 0 {
		t.Errorf("%d folders of instances are left: %v", len(left), err)
	}
	if n := len(children()); n != processes {
		t.Errorf("there are %d processes, there were %d", n, processes)
	}
	waittest.Until(t, "the files are closed", func() bool { runtime.GC(); return openFiles(t) <= files })
	waittest.Ended(t, running)
}

// state is that of a process: T is stopped, empty is gone.
func state(pid string) string {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return ""
	}
	return string(b[bytes.LastIndexByte(b, ')')+2])
}
