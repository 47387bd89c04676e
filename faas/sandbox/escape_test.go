//go:build linux

package sandbox

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestNoWayAround has functions try to get away from those who count what they
// hold and end what they leave.
func TestNoWayAround(t *testing.T) {
	for name, do := range map[string]string{
		"change its mark":                        "lower",
		"change its mark by the older call":      "lower before",
		"have a child that is not its own":       "orphan",
		"hold memory in a file that has no name": "memfd",
	} {
		t.Run(name, func(t *testing.T) {
			at(t, Standard, func(t *testing.T, w *world) {
				if _, said := w.start(w.function(do, "")).end(); !wasRefused(said, w.Level()) {
					t.Errorf("it said %q, want that it was refused", said)
				}
			})
		})
	}
	at(t, Standard, func(t *testing.T, w *world) {
		if _, said := w.start(w.function("mark", "")).end(); said != "done:" {
			t.Errorf("it asked for a limit and said %q", said)
		}
	})
}

func TestMemoryThatIsSharedCounts(t *testing.T) {
	at(t, Basic, func(t *testing.T, w *world) {
		undisturbed(w, func() {
			exit, said := w.start(w.function("shared", "300")).end()
			// A cgroup ends the child alone.
			if !exit.OutOfMemory && !strings.Contains(said, "signal: killed") {
				t.Errorf("%+v, said %.300s", exit, said)
			}
		})
	})
}

func TestWhatIsHiddenOnTheDiskCounts(t *testing.T) {
	for name, do := range map[string]string{"files without a name": "removed files", "folders too deep for a path": "deep folders"} {
		t.Run(name, func(t *testing.T) {
			at(t, Basic, func(t *testing.T, w *world) {
				undisturbed(w, func() {
					spec := w.function(do, "")
					spec.Env[1] = "WHAT=" + spec.Tmp
					if exit, said := w.start(spec).end(); !exit.OutOfDisk {
						t.Errorf("%+v, said %.300s", exit, said)
					}
				})
			})
		})
	}
}

func TestItIsNotLookedAtForEver(t *testing.T) {
	dir := t.TempDir()
	for i := range 100 {
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if use := diskUse(dir, 10*perFile); use != 11*perFile {
		t.Errorf("it counted %d bytes, want no more than show that it is too much", use)
	}
	if use := diskUse(dir, 100*perFile); use != 100*perFile {
		t.Errorf("it counted %d bytes", use)
	}
}
