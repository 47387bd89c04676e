package code_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"triptych/faas/code"
	"triptych/faas/function"
)

// A file of a zip.
type file struct {
	name    string
	mode    fs.FileMode
	content string
}

var program = file{"bootstrap", 0o755, "#!/bin/sh\necho hello\n"}

func zipped(t testing.TB, files ...file) []byte {
	t.Helper()
	return zippedBy(t, zip.Deflate, files...)
}

func zippedBy(t testing.TB, method uint16, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		h := &zip.FileHeader{Name: f.name, Method: method, Modified: time.Unix(1e9, 0)}
		h.SetMode(f.mode)
		c, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, f.content); err != nil && !f.mode.IsDir() {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t testing.TB, dir string, cache int64) *code.Store {
	t.Helper()
	s, err := code.Open(dir, cache)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t testing.TB, s *code.Store, files ...file) function.Digest {
	t.Helper()
	d, err := s.Put(t.Context(), zipped(t, files...))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func fetch(t testing.TB, s *code.Store, d function.Digest) *code.Code {
	t.Helper()
	c, err := s.Fetch(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhatIsPutCanBeFetchedAndRead(t *testing.T) {
	s := open(t, t.TempDir(), 1<<20)
	b := zipped(t, program, file{"data/words.txt", 0o600, "tea"})
	d, err := s.Put(t.Context(), b)
	if err != nil || d != function.Sum(b) {
		t.Fatalf("put: %s, %v", d, err)
	}
	r, size, err := s.Zip(d)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(got, b) || size != int64(len(b)) {
		t.Errorf("zip: %d bytes of %d, %v; want the %d that were put", len(got), size, err, len(b))
	}
	c := fetch(t, s, d)
	defer c.Release()
	if got, err := os.ReadFile(c.Bootstrap); err != nil || string(got) != program.content {
		t.Errorf("bootstrap: %q, %v", got, err)
	}
	if got, err := os.ReadFile(c.Dir + "/data/words.txt"); err != nil || string(got) != "tea" {
		t.Errorf("words: %q, %v", got, err)
	}
}

func TestFunctionsReachTheirCodeAndNotTheStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if err := errors.Join(os.Mkdir(dir, 0o755), os.Mkdir(filepath.Join(dir, "unpacked"), 0o700)); err != nil { // as by a strict umask
		t.Fatal(err)
	}
	s := open(t, dir, 1<<20)
	d := put(t, s, program)
	fetch(t, s, d).Release()
	for path, want := range map[string]fs.FileMode{"": 0o755, "unpacked": 0o755, "blobs": 0o700, "blobs/" + d.String() + ".zip": 0o600} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%q has mode %v, %v; want %v", path, info.Mode(), err, want)
		}
	}
}
