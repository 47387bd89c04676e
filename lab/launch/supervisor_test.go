package launch

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"triptych/internal/child"
)

// A stage is a supervisor whose processes are shell scripts.
type stage struct {
	*supervisor
	t    *testing.T
	data string

	mu   sync.Mutex
	said []string
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{t: t, data: t.TempDir()}
	l, err := takeLock(s.data)
	if err != nil {
		t.Fatal(err)
	}
	s.supervisor = supervise(Options{Data: s.data}, State{Gateway: "http://127.0.0.1:1"})
	t.Cleanup(func() {
		s.end(func(string) bool { return true })
		s.close()
		l.release()
	})
	return s
}

func (s *stage) say(l Line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said = append(s.said, fmt.Sprintf("%s %s %s", l.Level, l.Process, l.Text))
}

func (s *stage) heard() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.said, "\n")
}

// run keeps a script up, which is ready once it has made the file $1.
func (s *stage) run(name, script string) {
	s.t.Helper()
	j, err := openJournal(s.data, name, s.say)
	if err != nil {
		s.t.Fatal(err)
	}
	sign := filepath.Join(s.data, name+".ready")
	s.add(part{
		name: name, addr: "127.0.0.1:2",
		start: func(context.Context) (*child.Process, error) {
			_ = os.Remove(sign)
			return j.run(exec.Command("/bin/sh", "-c", script, name, sign))
		},
		ready: func(context.Context) bool {
			_, err := os.Stat(sign)
			return err == nil
		},
	}, j)
}

func (s *stage) awaitReady() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	defer cancel()
	if err := s.await(ctx); err != nil {
		s.t.Fatal(err)
	}
}

// awaitState reads the state file until it is as wanted, but for ids and times.
func (s *stage) awaitState(want ...Process) {
	s.t.Helper()
	var diff string
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		got, running, err := ReadState(s.data)
		if err != nil {
			s.t.Fatal(err)
		}
		diff = cmp.Diff(State{Gateway: "http://127.0.0.1:1", Processes: want}, got,
			cmpopts.IgnoreFields(Process{}, "Pid", "Since"))
		if running && diff == "" {
			return
		}
	}
	s.t.Fatalf("state (-want +got):\n%s", diff)
}

const steady = `touch "$1"; exec sleep 300`

func TestAProcessThatEndsIsStartedAgain(t *testing.T) {
	s := newStage(t)
	s.run("one", steady)
	s.run("two", steady)
	s.awaitReady()
	first, other := s.process("one").Pid, s.process("two").Pid

	s.kill("one", false)
	s.awaitReady()
	second := s.process("one")
	if second.Pid == first || second.Restarts != 1 {
		t.Errorf("after it was killed: %+v, was process %d", second, first)
	}
	if p := s.process("two"); p.Pid != other || p.Restarts != 0 {
		t.Errorf("the other one: %+v, was process %d", p, other)
	}
	s.awaitState(
		Process{Name: "one", State: Ready, Restarts: 1, Addr: "127.0.0.1:2"},
		Process{Name: "two", State: Ready, Addr: "127.0.0.1:2"},
	)
	if want := "WARN one one has ended (signal: killed) and is started again in 100ms"; s.heard() != want {
		t.Errorf("the user hears %q, want %q", s.heard(), want)
	}
}

func TestAProcessThatIsHeldStaysAway(t *testing.T) {
	s := newStage(t)
	s.run("one", steady)
	s.awaitReady()
	release := s.kill("one", true)
	s.awaitState(Process{Name: "one", State: Waiting, Addr: "127.0.0.1:2"})
	time.Sleep(3 * firstPause) // it would be back by now
	if p := s.process("one"); p.State != Waiting || p.Pid != 0 {
		t.Errorf("held, it is %+v", p)
	}
	release()
	s.awaitReady()
}

// Bad settings do not heal: the user is told at once, and what it is.
func TestAProcessThatEndsAgainAndAgainBeforeItIsReady(t *testing.T) {
	s := newStage(t)
	s.run("payments", `echo '{"level":"INFO","msg":"begins"}'; echo 'payments: DATABASE_URL must be set' >&2; echo 'TLS_DIR must be set'; exit 1`)
	s.run("one", steady)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	err := s.await(ctx)
	want := "payments does not start: DATABASE_URL must be set TLS_DIR must be set (its log is " + journalFile(s.data, "payments") + ")"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestTimeIsUp(t *testing.T) {
	s := newStage(t)
	s.run("one", `exec sleep 300`)
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("it has had 50ms"))
	defer cancel()
	if err := s.await(ctx); err == nil || !strings.Contains(err.Error(), "one is not ready: it has had 50ms (its log is ") {
		t.Errorf("got %v", err)
	}
}

func TestStoppingLeavesNothing(t *testing.T) {
	s := newStage(t)
	s.run("one", `sleep 300 & echo $! > "$1.pid"; touch "$1"; wait`)
	s.run("two", steady)
	s.awaitReady()
	pids := []int{s.process("one").Pid, s.process("two").Pid}
	var grandchild int
	note, err := os.ReadFile(filepath.Join(s.data, "one.ready.pid"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(note), &grandchild); err != nil {
		t.Fatal(err)
	}
	s.end(func(name string) bool { return name == "one" })
	if got := s.processes(); len(got) != 1 || got[0].Name != "two" {
		t.Errorf("with the first one stopped there are %v", got)
	}
	s.end(func(string) bool { return true })
	for _, pid := range append(pids, grandchild) {
		awaitEnd(t, pid)
	}
}

// awaitEnd waits for the end of a process that was told to end.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); syscall.Kill(pid, 0) == nil; time.Sleep(5 * time.Millisecond) {
		out, _ := exec.Command("ps", "-o", "stat=", "-p", fmt.Sprint(pid)).Output()
		if strings.HasPrefix(strings.TrimSpace(string(out)), "Z") {
			return // nobody has asked for its exit code yet
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d is still there", pid)
		}
	}
}

// Each pause is twice the last, to five seconds.
func TestTheMoreOftenItFailsTheLongerThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t)
		j, err := openJournal(s.data, "one", s.say)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		var mu sync.Mutex
		var starts []string
		s.add(part{
			name: "one",
			start: func(context.Context) (*child.Process, error) {
				mu.Lock()
				defer mu.Unlock()
				starts = append(starts, time.Since(begun).String())
				return nil, errors.New("no such program")
			},
		}, j)
		time.Sleep(20 * time.Second)
		mu.Lock()
		defer mu.Unlock()
		want := []string{"0s", "100ms", "300ms", "700ms", "1.5s", "3.1s", "6.3s", "11.3s", "16.3s"}
		if diff := cmp.Diff(want, starts); diff != "" {
			t.Errorf("starts (-want +got):\n%s", diff)
		}
	})
}

func TestAProcessThatRanForAWhileIsStartedAgainSoon(t *testing.T) {
	for _, c := range []struct{ last, ran, want time.Duration }{
		{0, 0, 100 * time.Millisecond},
		{time.Second, 9 * time.Second, 2 * time.Second},
		{time.Second, 10 * time.Second, 100 * time.Millisecond},
		{5 * time.Second, 0, 5 * time.Second},
	} {
		if got := nextPause(c.last, c.ran); got != c.want {
			t.Errorf("after a pause of %s and a run of %s: %s, want %s", c.last, c.ran, got, c.want)
		}
	}
}

func TestTwoShopsInOneFolder(t *testing.T) {
	dir := t.TempDir()
	if _, running, err := ReadState(dir); running || err != nil {
		t.Errorf("an empty folder: running %v, error %v", running, err)
	}
	l, err := takeLock(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%s is in use by process %d: end that one, or choose another folder with --data", dir, os.Getpid())
	if _, err := takeLock(dir); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := (State{Gateway: "http://127.0.0.1:1"}).write(dir); err != nil {
		t.Fatal(err)
	}
	if _, running, err := ReadState(dir); !running || err != nil {
		t.Errorf("while it runs: running %v, error %v", running, err)
	}
	syscall.Close(l.fd) // as when it was killed
	if _, running, err := ReadState(dir); running || err != nil {
		t.Errorf("after it was killed: running %v, error %v", running, err)
	}
	if l, err = takeLock(dir); err != nil {
		t.Fatal(err)
	}
	l.release()
}

func TestLastWords(t *testing.T) {
	killed := exec.Command("/bin/sh", "-c", "kill -9 $$").Run()
	failed := exec.Command("false").Run()
	for _, c := range []struct {
		name string
		said string
		err  error
		want string
	}{
		{"complaint", "begins\norders: no database", failed, "no database"},
		{"two lines", "orders: A must be set\nB must be set", failed, "A must be set B must be set"},
		{"signal", "orders: whatever", killed, "signal: killed"},
		{"panic", "begins\npanic: nil map\n\ngoroutine 1 [running]:\nmain.main()", failed, "panic: nil map"},
		{"log", `{"time":"2026-11-30T10:00:00Z","level":"ERROR","msg":"gave up","err":"no route","trace_id":"12"}`, failed, "gave up err=no route"},
		{"anything", "hello\n", failed, "hello"},
		{"nothing", "", failed, "exit status 1"},
		{"an end without a word", "", nil, "it said nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := lastWords("orders", strings.Split(c.said, "\n"), c.err); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestWhatAUserShouldKnowOf(t *testing.T) {
	for text, want := range map[string]*Line{
		`{"time":"2026-11-30T10:00:00Z","level":"INFO","msg":"serves"}`:            nil,
		`{"time":"2026-11-30T10:00:00Z","level":"WARN","msg":"slow","took":1.5}`:   {Level: slog.LevelWarn, Text: "slow took=1.5"},
		`{"time":"2026-11-30T10:00:00Z","level":"ERROR","msg":"lost","err":"EOF"}`: {Level: slog.LevelError, Text: "lost err=EOF"},
		`panic: nil map`:     {Level: slog.LevelError, Text: "panic: nil map"},
		`goroutine 1 [run]:`: nil,
		`{"half`:             nil,
		`{"level":"LOUD"}`:   nil,
	} {
		got, ok := worthSaying(text)
		if ok != (want != nil) || ok && got != *want {
			t.Errorf("%s: got %+v %v, want %+v", text, got, ok, want)
		}
	}
}
