package postgres

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"triptych/internal/child"
)

// choose finds the programs to use. Data that is there decides: PostgreSQL
// reads its own major version only.
func choose(ctx context.Context, h *home, o Options) (Binaries, error) {
	major := h.major()
	installed := Installed()
	if o.Download {
		installed = nil
	}
	for _, b := range installed {
		if major == 0 || b.Major == major {
			return b, nil
		}
	}
	if major != 0 && !strings.HasPrefix(string(fetched), strconv.Itoa(major)+".") {
		return Binaries{}, fmt.Errorf("the data in %s was written by PostgreSQL %d, which is not on this machine: install it, or begin afresh with --fresh", h.dir, major)
	}
	return fetch(ctx, o.Progress)
}

// locale makes text sort by code point, alike on every machine, and know the
// upper and lower case of every letter.
func locale(major int) []string {
	switch {
	case major >= 17:
		return []string{"--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"}
	case runtime.GOOS == "linux":
		return []string{"--locale", "C.UTF-8"}
	default:
		return []string{"--locale", "C", "--lc-ctype", "en_US.UTF-8"}
	}
}

// clear throws the data away, with its password. The data gets another name
// first: whoever is killed while removing it leaves none, not half of it.
func (h *home) clear() error {
	if err := h.sweep(); err != nil {
		return err
	}
	if err := os.Rename(h.path("data"), h.path("data.old")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return errors.Join(os.RemoveAll(h.path("data.new")), os.RemoveAll(h.path("password")), h.sweep())
}

// sweep removes what clear, cut short, has left.
func (h *home) sweep() error { return os.RemoveAll(h.path("data.old")) }

// awaitOrphan waits for the server of a program that was killed: that program's
// watcher is ending it. And it removes the note of a process id that belongs to
// another program by now, as happens in containers, which Postgres would take
// for a server. The lock is ours, so nobody else starts one.
func (s *Server) awaitOrphan(ctx context.Context) {
	note := s.home.path("data/postmaster.pid")
	for end := time.Now().Add(child.Grace + time.Second); time.Now().Before(end) && ctx.Err() == nil; {
		b, err := os.ReadFile(note)
		if err != nil {
			return
		}
		first, _, _ := strings.Cut(string(b), "\n")
		pid, err := strconv.Atoi(first)
		if err != nil || pid <= 0 || syscall.Kill(pid, 0) == syscall.ESRCH {
			return // Postgres sees that itself
		}
		if commandOf(pid) != "postgres" {
			os.Remove(note)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// commandOf is the name of the program that runs as pid.
func commandOf(pid int) string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if err != nil {
		b, _ = exec.Command("ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	}
	return filepath.Base(strings.TrimSpace(string(b)))
}
