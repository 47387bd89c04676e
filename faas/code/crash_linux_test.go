package code_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"triptych/faas/code"
	"triptych/faas/function"
	"triptych/internal/waittest"
)

// helper is what this binary is when it runs as a process of a test: the work
// that is then killed, or that has no room.
const helper = "CODE_TEST_HELPER"

func TestMain(m *testing.M) {
	if work := os.Getenv(helper); work != "" {
		if err := help(work, os.Args[1], os.Args[2]); err != nil {
			log.Fatal(err)
		}
		return
	}
	os.Exit(m.Run())
}

// help does the work once, or until it is killed.
func help(work, dir, digest string) error {
	var d function.Digest
	if err := d.UnmarshalText([]byte(digest)); err != nil {
		return err
	}
	what, full := strings.CutSuffix(work, " on a full disk")
	if full {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100_000, Max: 100_000}); err != nil {
			return err
		}
	}
	s, err := code.Open(dir, 0)
	if err != nil {
		return err
	}
	for {
		if what == "put" {
			_, err = s.Put(context.Background(), bulky(rand.Uint64()))
		} else {
			var c *code.Code
			if c, err = s.Fetch(context.Background(), d); err == nil {
				c.Release()
			}
		}
		if err != nil || full {
			return err
		}
	}
}

// bulky is a zip of 4 MB that does not get smaller.
func bulky(seed uint64) []byte {
	var b strings.Builder
	for r := rand.New(rand.NewPCG(seed, 0)); b.Len() < 4<<20; {
		fmt.Fprint(&b, r.Uint64())
	}
	t := &testing.T{} // writing to memory does not fail
	return zippedBy(t, 0, program, file{"data", 0o644, b.String()})
}

func start(t *testing.T, work, dir string, d function.Digest) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], dir, d.String())
	cmd.Env = append(os.Environ(), helper+"="+work)
	return cmd
}

func TestAKillInTheMiddleLeavesNothingHalf(t *testing.T) {
	for work, folder := range map[string]string{"put": "blobs", "fetch": "unpacked"} {
		t.Run(work, func(t *testing.T) {
			dir := t.TempDir()
			d, err := open(t, dir, 0).Put(t.Context(), bulky(1))
			if err != nil {
				t.Fatal(err)
			}
			for range 10 {
				cmd := start(t, work, dir, d)
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, folder)
				waittest.Until(t, "the helper is in the middle", func() bool { return strings.Contains(strings.Join(names(t, path), " "), ".half-") })
				cmd.Process.Kill()
				cmd.Wait()
				s := open(t, dir, 1<<30)
				if left := strings.Join(names(t, path), " "); strings.Contains(left, ".half-") {
					t.Errorf("left behind: %s", left)
				}
				for _, name := range names(t, filepath.Join(dir, "blobs")) {
					var d function.Digest
					if err := d.UnmarshalText([]byte(strings.TrimSuffix(name, ".zip"))); err != nil {
						t.Fatal(err)
					}
					if b, err := os.ReadFile(filepath.Join(dir, "blobs", name)); err != nil || function.Sum(b) != d {
						t.Errorf("blob %s is not whole: %v", name, err)
					}
				}
				c := fetch(t, s, d)
				if info, err := os.Stat(filepath.Join(c.Dir, "data")); err != nil || info.Size() < 4<<20 {
					t.Errorf("code is not whole: %v, %v", info, err)
				}
				c.Release()
				open(t, dir, 0) // the next helper unpacks again
			}
		})
	}
}

func TestAFullDiskLeavesNothingHalf(t *testing.T) {
	for _, work := range []string{"put", "fetch"} {
		t.Run(work, func(t *testing.T) {
			dir := t.TempDir()
			d, err := open(t, dir, 0).Put(t.Context(), bulky(1))
			if err != nil {
				t.Fatal(err)
			}
			out, err := start(t, work+" on a full disk", dir, d).CombinedOutput()
			if err == nil || !strings.Contains(string(out), "file too large") || !strings.Contains(string(out), work+" code ") {
				t.Errorf("got %v: %s", err, out)
			}
			if got := names(t, filepath.Join(dir, "blobs")); len(got) != 1 {
				t.Errorf("blobs are %q", got)
			}
			if got := unpacked(t, dir); len(got) > 0 {
				t.Errorf("left behind: %q", got)
			}
			fetch(t, open(t, dir, 1<<30), d).Release()
		})
	}
}
