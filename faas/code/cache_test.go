package code_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"triptych/faas/code"
	"triptych/faas/function"
)

// sized is a program that says what it is, in a folder of about n bytes.
func sized(name string, n int) []file {
	return []file{{"bootstrap", 0o755, "#!/bin/sh\necho " + name + "\n"}, {"ballast", 0o644, strings.Repeat("x", n)}}
}

func unpacked(t testing.TB, dir string) []string {
	t.Helper()
	return slices.DeleteFunc(names(t, filepath.Join(dir, "unpacked")), func(n string) bool { return n == ".boot" })
}

func sorted(ds ...function.Digest) []string {
	var all []string
	for _, d := range ds {
		all = append(all, d.String())
	}
	slices.Sort(all)
	return all
}

func TestTheLeastRecentlyUsedGoes(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 250_000) // two and a half
	a, b, c := put(t, s, sized("a", 90_000)...), put(t, s, sized("b", 90_000)...), put(t, s, sized("c", 90_000)...)
	fetch(t, s, a).Release()
	fetch(t, s, b).Release()
	fetch(t, s, a).Release()
	fetch(t, s, c).Release()
	if got, want := unpacked(t, dir), sorted(a, c); !slices.Equal(got, want) {
		t.Fatalf("there is %q, want a and c, %q", got, want)
	}
	// The next process knows which was used last; the time of folders is told
	// apart even where a file system tells it coarsely.
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(dir, "unpacked", c.String()), past, past); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, 250_000)
	fetch(t, s, b).Release()
	if got, want := unpacked(t, dir), sorted(a, b); !slices.Equal(got, want) {
		t.Errorf("after a restart there is %q, want a and b, %q", got, want)
	}
	open(t, dir, 0)
	if got := unpacked(t, dir); len(got) > 0 {
		t.Errorf("with no bytes allowed there is %q", got)
	}
}

func TestReleaseIsRememberedByTheFolder(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 1<<20)
	c := fetch(t, s, put(t, s, program))
	past := time.Now().Add(-time.Hour)
	if err := os.Chtimes(c.Dir, past, past); err != nil {
		t.Fatal(err)
	}
	c.Release()
	if info, err := os.Stat(c.Dir); err != nil || time.Since(info.ModTime()) > time.Minute {
		t.Errorf("folder: %v, %v", info.ModTime(), err)
	}
}

func TestHeldCodeStays(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 0)
	d := put(t, s, sized("a", 90_000)...)
	first, second := fetch(t, s, d), fetch(t, s, d)
	fetch(t, s, put(t, s, sized("b", 90_000)...)).Release()
	first.Release()
	first.Release() // counts once
	if got := unpacked(t, dir); !slices.Equal(got, sorted(d)) {
		t.Errorf("held is %s, and there is %q", d, got)
	}
	if b, err := os.ReadFile(second.Bootstrap); err != nil || !strings.Contains(string(b), "echo a") {
		t.Errorf("held code: %q, %v", b, err)
	}
	second.Release()
	if got := unpacked(t, dir); len(got) > 0 {
		t.Errorf("released, and there is %q", got)
	}
}

func TestOneUnpacksForAll(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 1<<30)
	d := put(t, s, sized("a", 1<<20)...)
	var wg sync.WaitGroup
	codes := make([]*code.Code, 16)
	for i := range codes {
		wg.Go(func() { codes[i], _ = s.Fetch(t.Context(), d) })
	}
	wg.Wait()
	first, err := os.Stat(codes[0].Bootstrap)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range codes {
		if info, err := os.Stat(c.Bootstrap); err != nil || !os.SameFile(first, info) || c.Dir != codes[0].Dir {
			t.Errorf("%s: another one, or %v", c.Dir, err)
		}
		c.Release()
	}
}

func TestFetchEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 1<<20)
	d := put(t, s, program)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Fetch(ctx, d); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := unpacked(t, dir); len(got) > 0 {
		t.Errorf("left behind: %q", got)
	}
	fetch(t, s, d).Release() // it did no harm
}

func TestCollectTakesWhatNoVersionNeeds(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 1<<20)
	needed, old, young, held := put(t, s, sized("a", 1)...), put(t, s, sized("b", 1)...), put(t, s, sized("c", 1)...), put(t, s, sized("d", 1)...)
	for _, d := range []function.Digest{needed, old, young} {
		fetch(t, s, d).Release()
	}
	c := fetch(t, s, held)
	past := time.Now().Add(-11 * time.Minute)
	for _, d := range []function.Digest{needed, old, held} {
		if err := os.Chtimes(filepath.Join(dir, "blobs", d.String()+".zip"), past, past); err != nil {
			t.Fatal(err)
		}
	}
	collect := func() {
		t.Helper()
		if err := s.Collect(func(d function.Digest) bool { return d == needed }); err != nil {
			t.Fatal(err)
		}
	}
	collect()
	want := sorted(needed, young)
	for i, name := range names(t, filepath.Join(dir, "blobs")) {
		if name != want[i]+".zip" {
			t.Errorf("blob %d is %s, want %s", i, name, want[i])
		}
	}
	if got, want := unpacked(t, dir), sorted(needed, young, held); !slices.Equal(got, want) {
		t.Errorf("unpacked is %q, want %q", got, want)
	}
	fetch(t, s, held).Release() // what is unpacked needs no blob
	c.Release()
	collect()
	if got, want := unpacked(t, dir), sorted(needed, young); !slices.Equal(got, want) {
		t.Errorf("after the release unpacked is %q, want %q", got, want)
	}
}

// Many put, fetch and collect the same few in a cache that has room for two.
// What is held is whole, at any moment.
func TestAllAtOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, 250_000)
	var zips [][]byte
	for i := range 5 {
		zips = append(zips, zipped(t, sized(fmt.Sprint("f", i), 90_000)...))
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 60 {
				i := rand.IntN(len(zips))
				d, err := s.Put(t.Context(), zips[i])
				if err != nil {
					t.Error(err)
					return
				}
				c, err := s.Fetch(t.Context(), d)
				if err != nil {
					t.Error(err)
					return
				}
				if b, err := os.ReadFile(c.Bootstrap); err != nil || string(b) != fmt.Sprintf("#!/bin/sh\necho f%d\n", i) {
					t.Errorf("f%d is held and has %q, %v", i, b, err)
				}
				if rand.IntN(4) == 0 {
					if err := s.Collect(func(function.Digest) bool { return rand.IntN(2) == 0 }); err != nil {
						t.Error(err)
					}
				}
				c.Release()
			}
		})
	}
	wg.Wait()
	if got := unpacked(t, dir); len(got) > 2 {
		t.Errorf("nobody holds any, and there is %q", got)
	}
}
