//go:build linux

package sandbox

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestRefused has functions try what the levels promise to refuse. What each
// tries would be allowed without the measure, which the same deed at level
// none shows where it is not the system that refuses it.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name, do string
		what     func(w *world) string
		elsewise bool // it is refused at none too, to who is not root
	}{
		{"read another's code", "read", func(w *world) string { return w.function("sleep", "").Program }, false},
		{"list the code of others", "list", func(w *world) string { return w.root }, false},
		{"read the runner's store", "read", func(w *world) string { return w.file(w.root, "store.db", 0o600) }, false},
		{"read the shadow file", "read", func(*world) string { return "/etc/shadow" }, true},
		{"read the shadow file by way of itself", "read", func(*world) string { return "/proc/self/root/etc/shadow" }, true},
		{"read the user's files", "list", func(*world) string { home, _ := os.UserHomeDir(); return home }, true},
		{"read the runner's environment", "read", func(*world) string { return fmt.Sprintf("/proc/%d/environ", os.Getpid()) }, false},
		{"read what the runner has open", "read", func(w *world) string {
			f, err := os.Open(w.file(w.root, "store.db", 0o600))
			if err != nil {
				w.t.Fatal(err)
			}
			w.t.Cleanup(func() { f.Close() })
			return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd())
		}, false},
		{"write beside its folder", "write", func(w *world) string { return filepath.Join(w.root, "new") }, false},
		{"write to the shared folder of temporary files", "write", func(w *world) string {
			return fmt.Sprintf("/var/tmp/sandbox-test-%d", os.Getpid())
		}, false},
		{"write to a system folder", "write", func(*world) string { return fmt.Sprintf("/usr/sandbox-test-%d", os.Getpid()) }, true},
		{"change the kernel's settings", "append", func(*world) string { return "/proc/sys/kernel/hostname" }, true},
		{"change another's file", "append", func(w *world) string { return w.file(w.folder("other"), "file", 0o666) }, false},
		{"execute outside", "execute", func(w *world) string { return w.script("exit 0\n").Program }, false},
		{"signal the runner", "signal", func(*world) string { return strconv.Itoa(os.Getpid()) }, false},
		{"signal another process", "signal", func(w *world) string { return strconv.Itoa(w.bystander()) }, false},
		{"signal another function", "signal", func(w *world) string { return strconv.Itoa(w.awake(w.function("sleep", "")).Pid()) }, false},
		{"trace another process", "ptrace", func(w *world) string { return strconv.Itoa(w.bystander()) }, false},
		{"trace another function", "ptrace", func(w *world) string { return strconv.Itoa(w.awake(w.function("sleep", "")).Pid()) }, false},
		{"read another function's environment", "read", func(w *world) string {
			return fmt.Sprintf("/proc/%d/environ", w.awake(w.function("sleep", "")).Pid())
		}, false},
		{"read another process's memory", "peek", func(w *world) string { return strconv.Itoa(w.bystander()) }, false},
		{"connect to a port not named", "tcp", func(w *world) string { return w.listen("tcp", "127.0.0.1:0") }, false},
		{"listen on a port", "listen", func(*world) string { return "127.0.0.1:54329" }, false},
		{"connect to a Unix socket", "unix", func(w *world) string { return w.listen("unix", filepath.Join(w.folder("s"), "s")) }, false},
		{"connect to an abstract Unix socket", "unix", func(w *world) string { return w.listen("unix", fmt.Sprintf("@sandbox-test-%d", os.Getpid())) }, false},
		{"send datagrams", "socket", func(*world) string { return fmt.Sprintf("%d,%d,0", unix.AF_INET, unix.SOCK_DGRAM) }, false},
		{"open a raw socket", "socket", func(*world) string {
			return fmt.Sprintf("%d,%d,%d", unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP)
		}, true},
		{"open a stream that is not TCP", "socket", func(*world) string {
			return fmt.Sprintf("%d,%d,%d", unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP)
		}, false},
		{"make a namespace", "namespace", func(*world) string { return "" }, false},
		{"mount", "mount", func(w *world) string { return w.folder("mount") }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			at(t, Standard, func(t *testing.T, w *world) {
				_, said := w.start(w.function(c.do, c.what(w))).end()
				if !wasRefused(said, w.Level()) {
					t.Errorf("it said %q, want that it was refused", said)
				}
			})
			if c.elsewise {
				return
			}
			t.Run("but not at none", func(t *testing.T) {
				w := newWorld(t, None)
				what := c.what(w)
				if _, said := w.start(w.function(c.do, what)).end(); wasRefused(said, w.Level()) {
					t.Errorf("it said %q: the test shows nothing", said)
				}
				if c.do == "write" {
					os.Remove(what)
				}
			})
		})
	}
}

func TestCodeCannotBeChanged(t *testing.T) {
	deeds := []string{"append", "remove", "write"}
	if os.Geteuid() == 0 {
		// Landlock lets an owner change modes, so that only a user of its own
		// keeps a function from it.
		deeds = append(deeds, "chmod")
	}
	for _, do := range deeds {
		t.Run(do, func(t *testing.T) {
			at(t, Standard, func(t *testing.T, w *world) {
				spec := w.function(do, "")
				what := spec.Program
				if do == "write" {
					what = filepath.Join(spec.Code, "new")
				}
				if do == "append" {
					what = w.file(spec.Code, "data", 0o666) // a running program is busy
				}
				spec.Env = append(spec.Env, "WHAT="+what)
				spec.Env = spec.Env[1:]
				spec.Env[0] = "DO=" + do
				if _, said := w.start(spec).end(); !wasRefused(said, w.Level()) {
					t.Errorf("it said %q, want that it was refused", said)
				}
			})
		})
	}
}

func (w *world) file(dir, name string, mode os.FileMode) string {
	w.t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte("secret"), mode); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// awake is a process that has begun.
func (w *world) awake(spec Spec) *running {
	w.t.Helper()
	r := w.start(spec)
	r.says("awake")
	return r
}

// bystander is a process of the runner's user that the sandbox did not start.
func (w *world) bystander() int {
	w.t.Helper()
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		if !alive(cmd.Process.Pid) {
			w.t.Error("a process that is not the sandbox's was ended")
		}
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd.Process.Pid
}

func (w *world) listen(network, addr string) string {
	w.t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { l.Close() })
	if network == "unix" && addr[0] != '@' {
		if err := os.Chmod(addr, 0o777); err != nil {
			w.t.Fatal(err)
		}
	}
	return l.Addr().String()
}

// web is a server, and the port that it listens on.
func (w *world) web(answer string) (url string, port uint16) {
	server := httptest.NewServer(http.HandlerFunc(func(res http.ResponseWriter, _ *http.Request) { fmt.Fprint(res, answer) }))
	w.t.Cleanup(server.Close)
	return server.URL, uint16(server.Listener.Addr().(*net.TCPAddr).Port)
}

// TestAllowed has functions do what honest ones do.
func TestAllowed(t *testing.T) {
	for name, c := range map[string]struct {
		spec func(w *world) Spec
		want string
	}{
		"use its folder": {func(w *world) Spec { return w.function("tmp", "") }, "done:"},
		"read its code": {func(w *world) Spec {
			s := w.script("cat data\n")
			w.file(s.Code, "data", 0o644)
			return s
		}, "secret"},
		"call a port that is named": {func(w *world) Spec {
			url, port := w.web("hello")
			s := w.function("get", url)
			s.Connect = []uint16{9, port}
			return s
		}, "done: hello"},
		"call a name": {func(w *world) Spec {
			url, port := w.web("hello")
			s := w.function("get", strings.Replace(url, "127.0.0.1", "localhost", 1))
			s.Connect = []uint16{port}
			return s
		}, "done: hello"},
		"call with curl": {func(w *world) Spec {
			url, port := w.web("hello")
			s := w.script("curl -sS " + url + "\n")
			s.Connect = []uint16{port}
			return s
		}, "hello"},
		"ask for names": {func(w *world) Spec {
			s := w.function("socket", fmt.Sprintf("%d,%d,0", unix.AF_INET, unix.SOCK_DGRAM))
			s.Connect = []uint16{dns}
			return s
		}, "done:"},
		"use pipes and files that are none": {func(w *world) Spec {
			return w.script("set -e; echo a b | tr a c >/dev/stderr; cat; cat </dev/null >/dev/null; head -c 4 /dev/urandom >/dev/null\n")
		}, "c b"},
		"have children":               {func(w *world) Spec { return w.script("(sleep 0; echo child) & wait; kill -0 $$ && echo well\n") }, "child\nwell"},
		"kill its children":           {func(w *world) Spec { return w.script("sleep 600 & kill $!; wait $! 2>/dev/null; echo $?\n") }, "143"},
		"write to its output by name": {func(w *world) Spec { return w.script("echo here >/dev/stdout\n") }, "here"},
	} {
		t.Run(name, func(t *testing.T) {
			at(t, None, func(t *testing.T, w *world) {
				if exit, said := w.start(c.spec(w)).end(); said != c.want || exit != (Exit{}) {
					t.Errorf("it said %q, %s; want %q", said, exit, c.want)
				}
			})
		})
	}
}

func TestItHasNothingElseOpen(t *testing.T) {
	fd, err := unix.Open(os.DevNull, unix.O_RDONLY, 0) // as what a shell left open to us
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	at(t, None, func(t *testing.T, w *world) {
		if _, said := w.start(w.function("descriptors", "")).end(); said != "done: 0 1 2" {
			t.Errorf("it said %q", said)
		}
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0); err != nil {
			t.Fatal(err)
		}
	})
}

func TestPython(t *testing.T) {
	if _, err := os.Stat("/usr/bin/python3"); err != nil {
		t.Skip("there is no python3 in /usr/bin")
	}
	at(t, Basic, func(t *testing.T, w *world) {
		url, port := w.web("hello")
		s := w.script(`exec /usr/bin/python3 -c 'import subprocess, tempfile, threading, urllib.request
print(urllib.request.urlopen("` + url + `").read().decode(), flush=True)
tempfile.TemporaryFile().write(b"x")
t = threading.Thread(target=lambda: print("thread", flush=True)); t.start(); t.join()
subprocess.run(["echo", "child"], check=True)'` + "\n")
		s.Connect = []uint16{port}
		if exit, said := w.start(s).end(); said != "hello\nthread\nchild" || exit != (Exit{}) {
			t.Errorf("it said %q, %s", said, exit)
		}
	})
}

func TestItSeesOnlyItsEnvironment(t *testing.T) {
	t.Setenv("SECRET_OF_THE_RUNNER", "secret")
	at(t, None, func(t *testing.T, w *world) {
		s := w.function("environment", "")
		if _, said := w.start(s).end(); said != "done: "+strings.Join(s.Env, " ") {
			t.Errorf("it said %q, want %q", said, s.Env)
		}
	})
}

func TestItHasNoPrivileges(t *testing.T) {
	at(t, Basic, func(t *testing.T, w *world) {
		_, said := w.start(w.function("identity", "")).end()
		if !strings.Contains(said, "NoNewPrivs=1") || !strings.Contains(said, "CapEff=0000000000000000") {
			t.Errorf("it said %q", said)
		}
	})
}

func TestProcessesHaveUsersOfTheirOwn(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give them")
	}
	at(t, Standard, func(t *testing.T, w *world) {
		one, other := w.awake(w.function("sleep", "")), w.awake(w.function("sleep", ""))
		var st [2]unix.Stat_t
		for i, r := range []*running{one, other} {
			if err := unix.Stat(fmt.Sprintf("/proc/%d", r.Pid()), &st[i]); err != nil {
				t.Fatal(err)
			}
		}
		if st[0].Uid == st[1].Uid || st[0].Uid < usersFrom || st[0].Uid != st[0].Gid {
			t.Errorf("users %d and %d, groups %d and %d", st[0].Uid, st[1].Uid, st[0].Gid, st[1].Gid)
		}
	})
}

// A folder may serve one process after the other, and what the first wrote is
// the second's.
func TestAFolderIsHandedOn(t *testing.T) {
	at(t, None, func(t *testing.T, w *world) {
		first := w.script("mkdir $TMPDIR/d; echo kept >$TMPDIR/d/f; chmod 600 $TMPDIR/d/f\n")
		second := w.script("cat $TMPDIR/d/f; echo more >>$TMPDIR/d/f; rm -r $TMPDIR/d\n")
		second.Tmp, second.Env = first.Tmp, first.Env
		w.start(first).end()
		if exit, said := w.start(second).end(); said != "kept" || exit != (Exit{}) {
			t.Errorf("it said %q, %s", said, exit)
		}
	})
}

func TestSignals(t *testing.T) {
	at(t, None, func(t *testing.T, w *world) {
		r := w.awake(w.script("trap 'echo asked; exit 7' TERM; echo awake; while :; do sleep 0.01; done\n"))
		if err := r.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		if err := r.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := r.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		if exit, said := r.end(); exit.String() != "exit status 7" || !strings.HasSuffix(said, "asked") {
			t.Errorf("%s, said %q", exit, said)
		}
		if r.Signal(syscall.SIGTERM) == nil {
			t.Error("a signal to a process that has ended is no error")
		}
		r.Kill()
	})
}
