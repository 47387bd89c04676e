package main

import (
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhatPSSays(t *testing.T) {
	got := usesOfPS("  1     0   2048 00:00:01\n 20     1  10240 1-02:03:04\n 21    20    100   3:04.50\nsomething else\n")
	want := map[int]use{
		1:  {0, 2 << 20, time.Second},
		20: {1, 10 << 20, 26*time.Hour + 3*time.Minute + 4*time.Second},
		21: {20, 100 << 10, 3*time.Minute + 4500*time.Millisecond},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(use{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAProcessCountsWithWhatItHasStarted(t *testing.T) {
	const base = 1 << 30 // no such processes: Linux is asked about them in vain
	all := map[int]use{
		base + 1: {base, 1, 1 * time.Second}, base + 2: {base + 1, 10, 2 * time.Second},
		base + 3: {base + 2, 100, 4 * time.Second}, base + 4: {base, 1000, 8 * time.Second},
	}
	if got, want := useOf(all, base+1), (use{memory: 111, cpu: 7 * time.Second}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// This very process, and a child of it, must be found with about what they use.
func TestUsesOfThisMachine(t *testing.T) {
	child := exec.Command("sleep", "60")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = child.Process.Kill(); _ = child.Wait() }()
	all, err := uses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	own := all[os.Getpid()]
	if own.memory < 1<<20 || own.memory > 1<<30 || own.parent != os.Getppid() {
		t.Errorf("this process: %+v", own)
	}
	if got := all[child.Process.Pid].parent; got != os.Getpid() {
		t.Errorf("the child's parent is %d, want %d", got, os.Getpid())
	}
	if sum := useOf(all, os.Getpid()); sum.memory < 1<<20 || sum.memory > 1<<30 {
		t.Errorf("with its child it has %d bytes", sum.memory)
	}
}
