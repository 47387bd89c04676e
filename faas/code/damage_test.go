package code_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"triptych/faas/code"
	"triptych/faas/function"
)

func TestBadBlobs(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(path string, content []byte) error
		want  string
	}{
		"one bit": {func(path string, b []byte) error { return os.WriteFile(path, flip(b, len(b)/2), 0o600) }, "damaged"},
		"cut":     {func(path string, b []byte) error { return os.Truncate(path, int64(len(b)/2)) }, "damaged"},
		"empty":   {func(path string, _ []byte) error { return os.Truncate(path, 0) }, "damaged"},
		"longer":  {func(path string, b []byte) error { return os.WriteFile(path, append(b, 0), 0o600) }, "damaged"},
		"gone":    {func(path string, _ []byte) error { return os.Remove(path) }, "missing"},
		"no zip":  {func(path string, _ []byte) error { return os.WriteFile(path, []byte("tea"), 0o600) }, "damaged"},
		"another's": {func(path string, _ []byte) error {
			return os.WriteFile(path, zipped(t, sized("b", 1)...), 0o600)
		}, "damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, 1<<20)
			b := zipped(t, program)
			d, err := s.Put(t.Context(), b)
			if err != nil {
				t.Fatal(err)
			}
			other := put(t, s, sized("other", 1)...)
			if err := c.spoil(filepath.Join(dir, "blobs", d.String()+".zip"), b); err != nil {
				t.Fatal(err)
			}
			for range 2 { // it stays so
				_, err = s.Fetch(t.Context(), d)
				e, ok := errors.AsType[*function.Error](err)
				if !ok || e.Type != "InvalidZipFileException" || e.Status != 502 || !strings.Contains(e.Message, c.want) ||
					!strings.Contains(e.Message, d.Base64()) || !strings.Contains(e.Message, "deploy the function again") {
					t.Errorf("got %v", err)
				}
			}
			if got := unpacked(t, dir); len(got) > 0 {
				t.Errorf("left behind: %q", got)
			}
			fetch(t, s, other).Release() // the rest lives
			if _, err := s.Put(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			fetch(t, s, d).Release() // and what was said to do helps
		})
	}
}

// What somebody does to an unpacked folder.
var damage = map[string]func(dir string) error{
	"removed":    os.RemoveAll,
	"no program": func(dir string) error { return os.Remove(filepath.Join(dir, "bootstrap")) },
	"written to": func(dir string) error {
		path := filepath.Join(dir, "bootstrap")
		return errors.Join(os.Chmod(path, 0o755), os.WriteFile(path, []byte(strings.Repeat("x", len(program.content))), 0o755), os.Chmod(path, 0o555))
	},
	"not executable": func(dir string) error { return os.Chmod(filepath.Join(dir, "bootstrap"), 0o444) },
	"a link": func(dir string) error {
		path := filepath.Join(dir, "bootstrap")
		return errors.Join(os.Remove(path), os.Symlink("/bin/true", path))
	},
}

// What is noticed by the next process only.
var hidden = map[string]func(dir string) error{
	"data written to": func(dir string) error {
		path := filepath.Join(dir, "a/data")
		return errors.Join(os.Remove(path), os.WriteFile(path, []byte("tee"), 0o444))
	},
	"data removed": func(dir string) error { return os.Remove(filepath.Join(dir, "a/data")) },
	"data cut":     func(dir string) error { return os.Truncate(filepath.Join(dir, "a/data"), 1) },
	"one more":     func(dir string) error { return os.WriteFile(filepath.Join(dir, "more"), nil, 0o444) },
	"link turned": func(dir string) error {
		path := filepath.Join(dir, "link")
		return errors.Join(os.Remove(path), os.Symlink("/etc/passwd", path))
	},
}

var furnished = with(file{"a/data", 0o644, "tea"}, file{"link", os.ModeSymlink | 0o777, "a/data"})

func TestChangedFoldersAreUnpackedAnew(t *testing.T) {
	for name, spoil := range damage {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir, 1<<20)
			d := put(t, s, furnished...)
			c := fetch(t, s, d)
			if err := spoil(c.Dir); err != nil {
				t.Fatal(err)
			}
			again := fetch(t, s, d)
			whole(t, again)
			c.Release() // of the spoilt one; the other stays
			whole(t, again)
			again.Release()
			if got := unpacked(t, dir); !slices.Equal(got, sorted(d)) {
				t.Errorf("there is %q, want one", got)
			}
		})
	}
}

func TestANewProcessLooksAtAllFiles(t *testing.T) {
	for _, ways := range []map[string]func(string) error{damage, hidden} {
		for name, spoil := range ways {
			t.Run(name, func(t *testing.T) {
				dir := t.TempDir()
				s := open(t, dir, 1<<20)
				d := put(t, s, furnished...)
				c := fetch(t, s, d)
				c.Release()
				if err := spoil(c.Dir); err != nil {
					t.Fatal(err)
				}
				c = fetch(t, open(t, dir, 1<<20), d)
				whole(t, c)
				c.Release()
			})
		}
	}
}

// whole looks that furnished is there.
func whole(t *testing.T, c *code.Code) {
	t.Helper()
	if b, err := os.ReadFile(c.Bootstrap); err != nil || string(b) != program.content {
		t.Errorf("bootstrap: %q, %v", b, err)
	}
	if b, err := os.ReadFile(filepath.Join(c.Dir, "link")); err != nil || string(b) != "tea" {
		t.Errorf("data: %q, %v", b, err)
	}
	if got := modes(t, c.Dir); len(got) != 5 {
		t.Errorf("there is %v", got)
	}
}

func TestUnchangedFoldersAreTakenOver(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 1<<20)
	d := put(t, s, furnished...)
	c := fetch(t, s, d)
	before, err := os.Stat(c.Bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	c = fetch(t, open(t, dir, 1<<20), d)
	defer c.Release()
	if after, err := os.Stat(c.Bootstrap); err != nil || !os.SameFile(before, after) {
		t.Errorf("it was unpacked again: %v", err)
	}
}

// Folders are not synced to disk: those from before the machine's last crash
// may be anything.
func TestFoldersOfAnotherBootAreForgotten(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 1<<20)
	d := put(t, s, furnished...)
	c := fetch(t, s, d)
	c.Release()
	lost := filepath.Join(c.Dir, "a/data") // as after a crash: of the right length, and empty
	old := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
	if err := errors.Join(os.Chmod(lost, 0o644), os.WriteFile(lost, make([]byte, 3), 0), os.Chmod(lost, 0o444), os.Chtimes(lost, old, old)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "unpacked", ".boot"), []byte("another"), 0o644); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, 1<<20)
	if got := unpacked(t, dir); len(got) > 0 {
		t.Errorf("there is %q", got)
	}
	c = fetch(t, s, d)
	defer c.Release()
	whole(t, c)
}
