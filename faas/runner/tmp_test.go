package runner

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"triptych/internal/waittest"
)

// Folders that are made ahead are as good as others, are not handed out when
// somebody has removed them, and are gone at the end.
func TestFoldersMadeAhead(t *testing.T) {
	data := t.TempDir()
	if err := os.MkdirAll(filepath.Join(data, "instances", "old"), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := newFolders(data)
	if err != nil {
		t.Fatal(err)
	}
	var keeping sync.WaitGroup
	ctx, end := context.WithCancel(t.Context())
	keeping.Go(func() { f.keep(ctx) })
	handed := map[string]bool{}
	for i := range 20 {
		if i == 10 {
			waittest.Until(t, "one is ready", func() bool { return len(f.spare) > 0 })
			if err := os.RemoveAll(f.all); err != nil {
				t.Fatal(err)
			}
		}
		dir, err := f.next()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(dir); err != nil || handed[dir] {
			t.Errorf("%s: %v, handed out before: %v", dir, err, handed[dir])
		}
		handed[dir] = true
	}
	end()
	keeping.Wait()
	left, err := os.ReadDir(f.all)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		if !handed[filepath.Join(f.all, e.Name())] {
			t.Errorf("%s is left, which nobody has", e.Name())
		}
	}
	if _, err := f.next(); err != nil {
		t.Errorf("after the end: %v", err)
	}
}
