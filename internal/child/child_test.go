package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain makes this binary the parents that the tests kill: with
// CHILD_PARENT set it starts that shell script as a child, prints the child's
// id and does what CHILD_THEN says.
func TestMain(m *testing.M) {
	if script := os.Getenv("CHILD_PARENT"); script != "" {
		parent(script, os.Getenv("CHILD_THEN"))
		return
	}
	os.Exit(m.Run())
}

func parent(script, then string) {
	if dir := os.Getenv("CHILD_FOLDER"); dir != "" {
		if err := RemoveAtEnd(dir); err != nil {
			fmt.Println(err)
			return
		}
	}
	if command := os.Getenv("CHILD_COMMAND"); command != "" {
		if err := AtEnd(command); err != nil {
			fmt.Println(err)
			return
		}
	}
	ready := make(chan struct{})
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.Stdout = NewLines(func(line string) {
		if line == "ready" {
			close(ready)
		}
	})
	p, err := Start(cmd, syscall.SIGTERM)
	if err != nil {
		fmt.Println(err)
		return
	}
	<-ready
	fmt.Println(p.Pid())
	if then == "wait" {
		p.Wait()
	}
}

// startParent starts such a parent and returns it with its child's id.
func startParent(t *testing.T, script, then string, env ...string) (*exec.Cmd, int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, "CHILD_PARENT="+script, "CHILD_THEN="+then)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the parent said %q, %v", line, err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("the parent said %q", line)
	}
	return cmd, pid
}

// gone waits until nothing of the group pid runs.
func gone(t *testing.T, pid int) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if !running(t, pid) {
			return
		}
	}
	t.Errorf("group %d still runs", pid)
	syscall.Kill(-pid, syscall.SIGKILL)
}

// running looks for living members of a group: a dead one that init has not
// collected yet still answers to signals.
func running(t *testing.T, group int) bool {
	t.Helper()
	out, err := exec.Command("ps", "-A", "-o", "pgid=", "-o", "stat=").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) == 2 && f[0] == strconv.Itoa(group) && !strings.HasPrefix(f[1], "Z") {
			return true
		}
	}
	return false
}

const (
	obedient   = `echo ready; sleep 600`
	stubborn   = `trap '' TERM; echo ready; while :; do sleep 1; done`
	withFamily = `sleep 600 & sleep 600 & echo ready; wait`
)

func TestNothingOutlivesItsParent(t *testing.T) {
	for name, c := range map[string]struct {
		script string
		signal syscall.Signal
	}{
		"obedient":             {obedient, syscall.SIGKILL},
		"stubborn":             {stubborn, syscall.SIGKILL},
		"with a family":        {withFamily, syscall.SIGKILL},
		"at Ctrl-C":            {withFamily, syscall.SIGINT},
		"asked by a superior":  {withFamily, syscall.SIGTERM},
		"at a closed terminal": {withFamily, syscall.SIGHUP},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd, pid := startParent(t, c.script, "wait")
			if !running(t, pid) {
				t.Fatal("the child does not run")
			}
			cmd.Process.Signal(c.signal)
			cmd.Wait()
			gone(t, pid)
		})
	}
}

func TestNothingOutlivesAParentThatReturns(t *testing.T) {
	t.Parallel()
	cmd, pid := startParent(t, withFamily, "return")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	gone(t, pid)
}

func TestAFolderGoesWithTheParent(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "it's here; $HOME *")
	if err := os.MkdirAll(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd, pid := startParent(t, obedient, "wait", "CHILD_FOLDER="+dir)
	cmd.Process.Kill()
	cmd.Wait()
	gone(t, pid)
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return
		}
	}
	t.Error("the folder is still there")
}

func TestOnlyPlainFoldersAreRemoved(t *testing.T) {
	for _, dir := range []string{"/", "/tmp/a\nfolder /etc", "/tmp/a\\b", "/tmp/a "} {
		if RemoveAtEnd(dir) == nil {
			t.Errorf("%q was taken", dir)
		}
	}
}

func TestCtrlCReachesTheParentOnly(t *testing.T) {
	t.Parallel()
	cmd, pid := startParent(t, obedient, "wait")
	own, err := syscall.Getpgid(pid)
	if err != nil || own != pid {
		t.Errorf("the child is in group %d, %v; want its own, %d", own, err, pid)
	}
	cmd.Process.Kill()
	cmd.Wait()
	gone(t, pid)
}

func start(t *testing.T, script string, ask syscall.Signal) *Process {
	t.Helper()
	ready := make(chan struct{})
	cmd := exec.Command("/bin/sh", "-c", script)
	cmd.Stdout = NewLines(func(line string) {
		if line == "ready" {
			close(ready)
		}
	})
	p, err := Start(cmd, ask)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	<-ready
	return p
}

func TestStopAsks(t *testing.T) {
	for _, ask := range []syscall.Signal{0, syscall.SIGINT} {
		p := start(t, `trap 'exit 3' TERM; trap 'exit 4' INT; echo ready; while :; do sleep 0.01; done`, ask)
		p.Stop(t.Context())
		want := map[syscall.Signal]int{0: 3, syscall.SIGINT: 4}[ask]
		var exit *exec.ExitError
		if err := p.Wait(); !errors.As(err, &exit) || exit.ExitCode() != want {
			t.Errorf("asked with %v: %v, want exit status %d", ask, err, want)
		}
	}
}

func TestStopKillsAfterTheGrace(t *testing.T) {
	p := start(t, stubborn, 0)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	p.Stop(ctx)
	if err := p.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("it ended with %v, want killed", err)
	}
	p.Stop(t.Context()) // a second time does nothing
}

func TestWhatAChildLeavesBehindIsKilled(t *testing.T) {
	p := start(t, `sleep 600 & echo ready`, 0)
	if err := p.Wait(); err != nil {
		t.Error(err)
	}
	gone(t, p.Pid())
}

func TestAProgramThatIsMissing(t *testing.T) {
	if _, err := Start(exec.Command("/no/such/program"), 0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that it does not exist", err)
	}
}

// An id may belong to a stranger once its child has ended.
func TestTheWatcherForgetsThoseThatEnded(t *testing.T) {
	ours, stranger := sleeper(t), sleeper(t)
	watcher := exec.Command("/bin/sh", "-c", script, "watcher", "1")
	watcher.Stdin = strings.NewReader(fmt.Sprintf("add %d:15\nadd %d:15\ngone %d\n", stranger, ours, stranger))
	if err := watcher.Run(); err != nil {
		t.Fatal(err)
	}
	if !running(t, stranger) {
		t.Error("the watcher ended a process that it was told to forget")
	}
	gone(t, ours)
}

// sleeper starts a process that nobody watches, in a group of its own.
func sleeper(t *testing.T) (pid int) {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd.Process.Pid
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		p, err := Start(exec.Command("true"), 0)
		if err != nil {
			b.Fatal(err)
		}
		p.Wait()
	}
}

func BenchmarkPlainExec(b *testing.B) {
	for b.Loop() {
		exec.Command("true").Run()
	}
}

func TestACommandIsRunAtTheEnd(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	cmd, pid := startParent(t, obedient, "wait", "CHILD_COMMAND=n=0; while [ $n -lt 2 ]; do n=$((n+1)); echo $n >'"+file+"'; done")
	cmd.Process.Kill()
	cmd.Wait()
	gone(t, pid)
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if b, err := os.ReadFile(file); err == nil && string(b) == "2\n" {
			return
		}
	}
	t.Error("it was not run")
}

func TestOnlyOneLineIsRun(t *testing.T) {
	for _, command := range []string{"a\nb", `a\nb`} {
		if AtEnd(command) == nil {
			t.Errorf("%q was taken", command)
		}
	}
}
