//go:build linux

package sandbox

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"triptych/internal/waittest"
)

// TestMain makes this binary the runners that the tests kill: with
// SANDBOX_RUNNER set to a level it starts a function with a family, says who
// they are, and waits.
func TestMain(m *testing.M) {
	if level := os.Getenv("SANDBOX_RUNNER"); level != "" {
		beRunner(Level(level), os.Getenv("SANDBOX_ROOT"))
		return
	}
	code := m.Run()
	if p, err := built(); err == nil && os.Getenv("SANDBOX_FUNCTION") == "" {
		os.RemoveAll(filepath.Dir(p))
	}
	os.Exit(code)
}

// family is a function that keeps children alive in every way there is.
const family = `
sh -c ": >$TMPDIR/1; exec sleep 601" &
setsid sh -c ": >$TMPDIR/2; exec sleep 602" &
(setsid sh -c ": >$TMPDIR/3; exec sleep 603" &)
(env -i /usr/bin/setsid /bin/sh -c ": >$TMPDIR/4; sleep 604 & wait" &)
while ! [ -e $TMPDIR/1 -a -e $TMPDIR/2 -a -e $TMPDIR/3 -a -e $TMPDIR/4 ]; do sleep 0.01; done
echo ready
`

// members are the living processes that bear a mark of the folder.
func members(root string) (pids []int) {
	for _, all := range newMarks(root).members() {
		for _, pid := range all {
			if alive(pid) {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

func TestEverythingEndsWithIt(t *testing.T) {
	for name, then := range map[string]string{"by itself": "", "killed": "sleep 600\n"} {
		t.Run(name, func(t *testing.T) {
			at(t, None, func(t *testing.T, w *world) {
				undisturbed(w, func() {
					bystander := w.bystander()
					before := len(members(w.root))
					r := w.start(w.script(family + then))
					r.says("ready")
					if then != "" {
						if n := len(members(w.root)) - before; n < 5 {
							t.Errorf("it and its children are %d: the test shows nothing", n)
						}
						r.Kill()
					}
					<-r.Done() // and not r.end: who lives holds the pipe
					if left := members(w.root); len(left) != before {
						t.Errorf("%d live on", len(left)-before)
					}
					if !alive(bystander) {
						t.Error("a process that is not the sandbox's was ended")
					}
				})
			})
		})
	}
}

// Orphans become ours while the function lives, and their ends are ours to
// collect.
func TestOrphansAreBuried(t *testing.T) {
	at(t, None, func(t *testing.T, w *world) {
		r := w.start(w.script("n=0; while [ $n -lt 20 ]; do (setsid sleep 0.01 &); n=$((n+1)); done; echo ready; exec sleep 600\n"))
		r.says("ready")
		waittest.Until(t, "only the process itself is our child", func() bool { return len(orphans(r.Process)) == 0 })
		r.Kill()
		r.end()
	})
}

func beRunner(level Level, root string) {
	w := &world{t: &testing.T{}, root: root}
	s, err := New(level, root)
	if err != nil {
		fmt.Println(err)
		return
	}
	w.Sandbox = s
	r := w.start(w.script(family + "sleep 600\n"))
	r.says("ready")
	fmt.Println("ready", r.Pid())
	select {}
}

// startRunner starts such a runner.
func startRunner(t *testing.T, level Level, root string) (cmd *exec.Cmd, function int) {
	t.Helper()
	cmd = exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "SANDBOX_RUNNER="+string(level), "SANDBOX_ROOT="+root)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, _ := bufio.NewReader(out).ReadString('\n')
	if _, err := fmt.Sscanf(line, "ready %d", &function); err != nil {
		t.Fatalf("the runner said %q", line)
	}
	return cmd, function
}

func TestNothingOutlivesAKilledRunner(t *testing.T) {
	for _, level := range levels(t, None) {
		t.Run(string(level), func(t *testing.T) {
			t.Parallel()
			root := openDir(t)
			cmd, _ := startRunner(t, level, root)
			if n := len(members(root)); n < 5 {
				t.Errorf("the function and its children are %d: the test shows nothing", n)
			}
			cmd.Process.Kill()
			cmd.Wait()
			waittest.Until(t, "nothing lives on", func() bool { return len(members(root)) == 0 })
		})
	}
}

// When the watcher is killed too, the next runner of the folder sweeps.
func TestLeftoversAreSwept(t *testing.T) {
	for _, level := range levels(t, None) {
		t.Run(string(level), func(t *testing.T) {
			root := openDir(t)
			cmd, function := startRunner(t, level, root)
			if _, err := New(level, root); err == nil || !strings.Contains(err.Error(), "another runner") {
				t.Errorf("a second runner of the folder: %v", err)
			}
			for _, pid := range childrenOf(t, cmd.Process.Pid) {
				if b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); strings.Contains(string(b), "watcher") {
					syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			cmd.Process.Kill()
			cmd.Wait()
			waittest.Until(t, "the kernel has ended the function itself", func() bool { return !alive(function) })
			if len(members(root)) == 0 && level != Strict { // there the kernel ends all with the first
				t.Error("nothing is left: the test shows nothing")
			}
			s, err := New(level, root)
			if err != nil {
				t.Fatal(err)
			}
			waittest.Until(t, "nothing is left", func() bool { return len(members(root)) == 0 })
			for _, dir := range s.machine.cgroups.dirs(s.marks.names()) {
				if left, _ := filepath.Glob(dir); left != nil {
					t.Errorf("cgroups %q are left", left)
				}
			}
			s.Close()
		})
	}
}

func childrenOf(t *testing.T, pid int) (pids []int) {
	t.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil || files == nil {
		t.Fatal(files, err)
	}
	for _, file := range files {
		b, _ := os.ReadFile(file)
		for f := range strings.FieldsSeq(string(b)) {
			n, _ := strconv.Atoi(f)
			pids = append(pids, n)
		}
	}
	return pids
}

func TestCloseEndsAll(t *testing.T) {
	defer waittest.Ended(t, goleak.IgnoreCurrent(), goleak.IgnoreAnyFunction("triptych/internal/child.startWatcher.gowrap1"), goleak.IgnoreAnyFunction("os/exec.(*Cmd).Wait"))
	for _, level := range levels(t, None) {
		w := &world{t: t, root: openDir(t)}
		s, err := New(level, w.root)
		if err != nil {
			t.Fatal(err)
		}
		w.Sandbox = s
		one, other := w.awake(w.function("sleep", "")), w.start(w.script(family+"sleep 600\n"))
		other.says("ready")
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		for _, r := range []*running{one, other} {
			select {
			case <-r.Done():
			default:
				t.Error("a process is not done")
			}
			<-r.r
		}
		if left := members(w.root); len(left) != 0 {
			t.Errorf("%d live on", len(left))
		}
		if _, err := s.Start(w.spec(w.folder("code"))); err == nil {
			t.Error("a closed sandbox starts")
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Threads, files, users and cgroups are back when processes are gone.
func TestNothingIsLeftOfMany(t *testing.T) {
	at(t, None, func(t *testing.T, w *world) {
		spec := w.function("exit", "7")
		round := func() {
			var wg sync.WaitGroup
			for range 30 {
				s := spec
				s.Tmp, s.Output = w.folder("tmp"), w.null
				wg.Go(func() {
					p, err := w.Start(s)
					if err != nil {
						t.Error(err)
						return
					}
					if exit := p.Exit(); exit.String() != "exit status 7" {
						t.Errorf("%+v", exit)
					}
				})
			}
			wg.Wait()
		}
		files := func() int {
			names, err := os.ReadDir("/proc/self/fd")
			if err != nil {
				t.Fatal(err)
			}
			return len(names)
		}
		round() // the library keeps some threads for itself
		before, threads := files(), threadsOf(os.Getpid())
		for range 3 {
			round()
		}
		waittest.Until(t, "files and threads are back", func() bool {
			// Each spare thread holds a file, and may not have been there before.
			return files() <= before+nSpares && threadsOf(os.Getpid()) <= threads+10
		})
		waittest.Until(t, "users are back", func() bool {
			w.users.mu.Lock()
			defer w.users.mu.Unlock()
			return len(w.users.taken) == 0
		})
	})
}
