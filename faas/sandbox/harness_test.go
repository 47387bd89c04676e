//go:build linux

package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"triptych/internal/waittest"
)

// built is the tests' function, built once.
var built = sync.OnceValues(func() (string, error) {
	if ready := os.Getenv("SANDBOX_FUNCTION"); ready != "" {
		return ready, nil // by the run of root, for that of another
	}
	dir, err := os.MkdirTemp(base(), "sandbox-function")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "function")
	cmd := exec.Command("go", "build", "-o", program, "./testdata/function")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s%w", out, err)
	}
	return program, os.Chmod(dir, 0o755)
})

func program(t testing.TB) string {
	t.Helper()
	p, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A world is a runner's folder, with a sandbox and code in it.
type world struct {
	*Sandbox
	t    testing.TB
	root string
	n    int
}

func newWorld(t testing.TB, level Level) *world {
	t.Helper()
	w := &world{t: t, root: openDir(t)}
	s, err := New(level, w.root)
	if err != nil {
		t.Fatal(err)
	}
	w.Sandbox = s
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// base is the folder of the tests' folders. In /tmp they cannot be, where it
// is another's at level strict.
func base() string {
	if dir := os.Getenv("SANDBOX_BASE"); dir != "" {
		return dir
	}
	return "/var/tmp"
}

// openDir is a folder that every user may enter, as a runner's is.
func openDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(base(), "sandbox-test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// function is a spec of a process of the tests' program that does something.
func (w *world) function(do, what string) Spec {
	code := w.folder("code")
	to := filepath.Join(code, "bootstrap")
	if err := os.Link(program(w.t), to); err != nil {
		b, err := os.ReadFile(program(w.t))
		if err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(to, b, 0o755); err != nil {
			w.t.Fatal(err)
		}
	}
	return w.spec(code, "DO="+do, "WHAT="+what)
}

// script is a spec of a shell script.
func (w *world) script(lines string) Spec {
	code := w.folder("code")
	if err := os.WriteFile(filepath.Join(code, "bootstrap"), []byte("#!/bin/sh\n"+lines), 0o755); err != nil {
		w.t.Fatal(err)
	}
	return w.spec(code)
}

func (w *world) spec(code string, env ...string) Spec {
	tmp := w.folder("tmp")
	return Spec{
		Code: code, Program: filepath.Join(code, "bootstrap"), Tmp: tmp,
		Env:    append(env, "PATH=/usr/local/bin:/usr/bin:/bin", "TMPDIR="+tmp),
		Memory: 128 << 20, TmpSize: 64 << 20, Processes: 256, Files: 256,
	}
}

func (w *world) folder(name string) string {
	w.t.Helper()
	w.n++
	dir := filepath.Join(w.root, fmt.Sprint(name, w.n))
	if err := os.Mkdir(dir, 0o755); err != nil {
		w.t.Fatal(err)
	}
	return dir
}

// A running process and what it says.
type running struct {
	*Process
	t  testing.TB
	mu sync.Mutex
	b  bytes.Buffer
	r  chan struct{} // closed when all is read
}

func (w *world) start(spec Spec) *running {
	w.t.Helper()
	r, out, err := os.Pipe()
	if err != nil {
		w.t.Fatal(err)
	}
	defer out.Close()
	spec.Output = out
	p, err := w.Start(spec)
	if err != nil {
		r.Close()
		w.t.Fatal(err)
	}
	run := &running{Process: p, t: w.t, r: make(chan struct{})}
	go func() {
		defer close(run.r)
		defer r.Close()
		_, _ = io.Copy(run, r)
	}()
	return run
}

func (r *running) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(b)
}

func (r *running) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.TrimSpace(r.b.String())
}

// says waits until the process has said something.
func (r *running) says(what string) {
	r.t.Helper()
	waittest.Until(r.t, fmt.Sprintf("the process says %q", what), func() bool { return strings.Contains(r.said(), what) })
}

// end waits for the end and takes all that was said.
func (r *running) end() (Exit, string) {
	r.t.Helper()
	select {
	case <-r.Done():
	case <-time.After(2 * time.Minute):
		r.Kill()
		r.t.Fatalf("process %d did not end; it said %q", r.Pid(), r.said())
	}
	<-r.r
	return r.Exit(), r.said()
}

// alive says whether a process runs; one that is dead and not collected does
// not.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := bytes.Cut(b, []byte(") "))
	return len(rest) > 0 && rest[0] != 'Z' && rest[0] != 'X'
}

// levels are those that promise what is promised from a level on, and that
// this machine and user can.
func levels(t *testing.T, from Level) []Level {
	t.Helper()
	var all []Level
	for _, l := range []Level{None, Basic, Standard, Strict} {
		if rank[l] < rank[from] {
			continue
		}
		if can(t, l) {
			all = append(all, l)
		}
	}
	return all
}

var able sync.Map

func can(t testing.TB, level Level) bool {
	known, ok := able.Load(level)
	if !ok {
		_, err := look(newUsers("/"), filepath.Clean(base())).take(level)
		if err != nil {
			t.Logf("not tried: %v", err)
		}
		known = err == nil
		able.Store(level, known)
	}
	return known.(bool)
}

// at runs a test at every level from one on.
func at(t *testing.T, from Level, f func(t *testing.T, w *world)) {
	t.Helper()
	for _, level := range levels(t, from) {
		t.Run(string(level), func(t *testing.T) { f(t, newWorld(t, level)) })
	}
}

// wasRefused says whether a deed was tried and not permitted.
func wasRefused(said string, level Level) bool {
	why := []error{syscall.EACCES, syscall.EPERM}
	if level == Strict {
		why = append(why, syscall.ENOENT, syscall.ESRCH) // it does not even see it
	}
	return strings.HasPrefix(said, "refused:") && slices.ContainsFunc(why, func(err error) bool { return strings.Contains(said, err.Error()) })
}
