//go:build linux

package sandbox

import (
	"math"
	"os"
	"strings"
	"syscall"
	"testing"
)

// undisturbed runs f beside another function, which goes on.
func undisturbed(w *world, f func()) {
	w.t.Helper()
	other := w.awake(w.function("sleep", ""))
	f()
	select {
	case <-other.Done():
		w.t.Errorf("another function ended: %s", other.Exit())
	default:
	}
	other.Kill()
	if exit, _ := other.end(); exit != (Exit{Signal: syscall.SIGKILL}) {
		w.t.Errorf("another function: %+v", exit)
	}
}

func TestWhoTakesTooMuchMemoryIsEnded(t *testing.T) {
	for name, c := range map[string]struct{ do, what string }{
		"alone":             {"memory", "4096"},
		"with its children": {"family", "60"},
	} {
		t.Run(name, func(t *testing.T) {
			at(t, Basic, func(t *testing.T, w *world) {
				undisturbed(w, func() {
					r := w.start(w.function(c.do, c.what))
					exit, said := r.end()
					if !exit.OutOfMemory || exit.OutOfDisk || exit == (Exit{}) {
						t.Errorf("%+v, said %.300s", exit, said)
					}
					if peak := r.MaxMemory(); peak < 60<<20 || peak > 1<<30 {
						t.Errorf("it held %d MB", peak>>20)
					}
				})
			})
		})
	}
}

// A limit must not end who keeps it: a Go program maps more than it uses.
func TestWhoKeepsTheMemoryLives(t *testing.T) {
	at(t, Basic, func(t *testing.T, w *world) {
		spec := w.function("hold", "100")
		spec.Env = append(spec.Env, "GOMEMLIMIT=115MiB")
		r := w.awake(spec)
		if peak := r.MaxMemory(); peak < 100<<20 || peak > 128<<20 {
			t.Errorf("it holds %d MB", peak>>20)
		}
		r.Kill()
		if exit, said := r.end(); exit != (Exit{Signal: syscall.SIGKILL}) {
			t.Errorf("%+v, said %.300s", exit, said)
		}
	})
}

func TestMemoryIsKnownWhileItRuns(t *testing.T) {
	at(t, None, func(t *testing.T, w *world) {
		r := w.awake(w.function("sleep", ""))
		if peak := r.MaxMemory(); peak < 1<<20 || peak > 64<<20 {
			t.Errorf("it held %d bytes", peak)
		}
	})
}

func TestWhoFillsTheDiskIsEnded(t *testing.T) {
	for name, do := range map[string]string{"with one file": "bigfile", "with many files": "manyfiles"} {
		t.Run(name, func(t *testing.T) {
			at(t, Basic, func(t *testing.T, w *world) {
				undisturbed(w, func() {
					spec := w.function(do, "")
					spec.Env[1] = "WHAT=" + spec.Tmp
					spec.Memory = 1 << 30 // at level strict, for more of the processor
					exit, said := w.start(spec).end()
					if stopped := exit.OutOfDisk || strings.Contains(said, syscall.EFBIG.Error()); !stopped {
						t.Errorf("%+v, said %.300s", exit, said)
					}
					if use := diskUse(spec.Tmp, math.MaxInt64); use > 4*spec.TmpSize {
						t.Errorf("it wrote %d MB", use>>20)
					}
				})
			})
		})
	}
}

// It fails where the system counts its processes alone, and is ended by the
// watch elsewhere.
func TestForkBomb(t *testing.T) {
	at(t, Basic, func(t *testing.T, w *world) {
		undisturbed(w, func() {
			spec := w.function("forkbomb", "3000")
			spec.Processes = 64
			exit, said := w.start(spec).end()
			ended := exit.Signal == syscall.SIGKILL
			stopped := strings.Contains(said, syscall.EAGAIN.Error())
			if !ended && !stopped {
				t.Errorf("%+v, said %.300s", exit, said)
			}
			if os.Geteuid() == 0 && rank[w.Level()] >= rank[Standard] && !stopped {
				t.Errorf("it could go on until the watch saw it")
			}
		})
	})
}

func TestOpenFiles(t *testing.T) {
	at(t, Basic, func(t *testing.T, w *world) {
		spec := w.function("files", "1000")
		if _, said := w.start(spec).end(); !strings.Contains(said, syscall.EMFILE.Error()) {
			t.Errorf("it said %q", said)
		}
	})
}

func TestExits(t *testing.T) {
	at(t, None, func(t *testing.T, w *world) {
		for script, want := range map[string]string{
			"exit 0\n": "exit status 0", "exit 1\n": "exit status 1", "kill -9 $$\n": "signal: killed", "kill -SEGV $$\n": "signal: segmentation fault",
		} {
			if rank[w.Level()] >= rank[Strict] && strings.HasPrefix(script, "kill") {
				continue // the first process of a namespace does not kill itself
			}
			if exit, _ := w.start(w.script(script)).end(); exit.String() != want || exit.OutOfMemory || exit.OutOfDisk {
				t.Errorf("%q: %+v, want %s", script, exit, want)
			}
		}
	})
}
