package journal_test

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"triptych/faas/journal"
	"triptych/internal/waittest"
)

const limit = 1 << 20

// size is how many bytes the files of a function have.
func size(t testing.TB, dir string) (n int64) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		n += info.Size()
	}
	return n
}

// numbered is the i-th of many lines, 1000 bytes long.
func numbered(i int) string { return fmt.Sprintf("%07d %s", i, strings.Repeat("x", 992)) }

func TestTheOldestLinesGo(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, limit)
	s := j.Stream("hello", "1")
	const lines = 3000
	for i := range lines {
		s.Line(numbered(i))
		if i%50 == 0 {
			texts(t, j, "hello", journal.Query{Stream: "none"}) // flushes
			if n := size(t, filepath.Join(dir, "hello")); n > limit {
				t.Fatalf("after %d lines there are %d bytes", i, n)
			}
		}
	}
	got := texts(t, j, "hello", journal.Query{})
	if n := size(t, filepath.Join(dir, "hello")); n > limit || n < limit*3/4 {
		t.Errorf("%d bytes are kept, want nearly %d", n, limit)
	}
	for i, text := range got {
		if want := numbered(lines - len(got) + i); text != want {
			t.Fatalf("line %d of %d is %.10s, want %.10s", i, len(got), text, want)
		}
	}
	// The longest line there may be has room, too.
	s.Line(strings.Repeat("y", 256<<10))
	if got := texts(t, j, "hello", journal.Query{}); len(got[len(got)-1]) != 256<<10 || size(t, filepath.Join(dir, "hello")) > limit {
		t.Errorf("the last line has %d bytes, all have %d", len(got[len(got)-1]), size(t, filepath.Join(dir, "hello")))
	}
}

func TestTheNextProcessGoesOn(t *testing.T) {
	dir := t.TempDir()
	var want []string
	for i := range 3 {
		j := open(t, dir, limit)
		j.Stream("hello", "1").Line(numbered(i))
		want = append(want, numbered(i))
		if got := texts(t, j, "hello", journal.Query{}); !slices.Equal(got, want) {
			t.Fatalf("got %d lines, want %d", len(got), len(want))
		}
		j.Close()
	}
	entries, err := os.ReadDir(filepath.Join(dir, "hello"))
	if err != nil || len(entries) != 1 {
		t.Errorf("there are files %v, %v; want one", entries, err)
	}
}

func TestALineCutByACrashHarmsNoOther(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "hello", "00000041.log")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	whole := "2026-11-24T12:26:56.000131Z 2026/11/24/[1]5f one\n"
	for name, c := range map[string]struct {
		content string
		want    []string
	}{
		"no end":  {whole + "2026-11-24T12:26:56.000131Z 2026/11/24/[1]5f tw", []string{"one", "tw", "three"}},
		"no text": {whole + "2026-11-24T12:2", []string{"one", "three"}},
		"empty":   {"", []string{"three"}},
		"zeros":   {whole + strings.Repeat("\x00", 1000), []string{"one", "three"}},
	} {
		if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		j := open(t, dir, limit)
		j.Stream("hello", "1").Line("three")
		if got := texts(t, j, "hello", journal.Query{}); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		if err := j.Remove("hello"); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
	}
}

func TestManyWriters(t *testing.T) {
	j := open(t, t.TempDir(), 64<<20)
	const streams, writers, lines = 8, 4, 500
	var wg sync.WaitGroup
	for range streams {
		s := j.Stream("hello", "1")
		for w := range writers {
			wg.Go(func() {
				for i := range lines {
					if _, err := fmt.Fprintf(s, "%d %d START\n%d %d END\n", w, i, w, i); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	wg.Wait()
	seen := map[string]int{} // how far each writer of each stream is
	var before journal.Line
	for l, err := range j.Lines(t.Context(), "hello", journal.Query{}) {
		if err != nil {
			t.Fatal(err)
		}
		var w, i int
		var word string
		if _, err := fmt.Sscan(l.Text, &w, &i, &word); err != nil {
			t.Fatalf("%q: %v", l.Text, err)
		}
		who := fmt.Sprint(l.Stream, w)
		want := fmt.Sprint(w, seen[who]/2, []string{"START", "END"}[seen[who]%2])
		if got := fmt.Sprint(w, i, word); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		if word == "END" && (before.Text != fmt.Sprint(w, " ", i, " START") || before.Stream != l.Stream) {
			t.Fatalf("what was written at once was parted: %q before %q", before.Text, l.Text)
		}
		if l.Time.Before(before.Time) {
			t.Fatalf("%v comes after %v", l.Time, before.Time)
		}
		seen[who]++
		before = l
	}
	if len(seen) != streams*writers {
		t.Errorf("%d writers are seen, want %d", len(seen), streams*writers)
	}
	for who, n := range seen {
		if n != 2*lines {
			t.Errorf("%s has %d lines, want %d", who, n, 2*lines)
		}
	}
}

func TestARemovedFunctionIsForgotten(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, limit)
	old := j.Stream("hello", "1")
	old.Line("before")
	next, _ := follow(t, j, "hello")
	if l, err, _ := next(); l.Text != "before" {
		t.Fatal(l, err)
	}
	if err := j.Remove("hello"); err != nil {
		t.Fatal(err)
	}
	if l, err, ok := next(); ok {
		t.Errorf("following goes on with %+v, %v", l, err)
	}
	old.Line("too late")
	if got := texts(t, j, "hello", journal.Query{}); len(got) > 0 {
		t.Errorf("there is still %q", got)
	}
	j.Stream("hello", "1").Line("after")
	if got := texts(t, j, "hello", journal.Query{}); !slices.Equal(got, []string{"after"}) {
		t.Errorf("got %q, want after", got)
	}
	if err := j.Remove("never-seen"); err != nil {
		t.Error(err)
	}
}

func TestADiskThatFailsHoldsNobody(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, limit)
	s := j.Stream("hello", "1")
	in := filepath.Join(dir, "hello") // a file where the folder should be
	if err := os.WriteFile(in, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		if _, err := s.Write([]byte(numbered(i) + "\n")); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range j.Lines(t.Context(), "hello", journal.Query{}) {
		if err == nil || !strings.Contains(err.Error(), "read the lines of hello: ") {
			t.Errorf("got %v", err)
		}
	}
	if err := os.Remove(in); err != nil {
		t.Fatal(err)
	}
	s.Line("again")
	if got := texts(t, j, "hello", journal.Query{}); !slices.Equal(got, []string{"again"}) {
		t.Errorf("got %d lines, want the last", len(got))
	}
}

// A write that is cut short must not leave half a line, which the next one
// would be the end of.
func TestAFullDiskCostsWholeLines(t *testing.T) {
	j := open(t, t.TempDir(), 8*limit)
	s := j.Stream("hello", "1")
	var got []string
	func() {
		signal.Ignore(syscall.SIGXFSZ)
		defer limited(t, syscall.RLIMIT_FSIZE, 100_500)()
		for i := range 300 {
			s.Line(numbered(i))
			if i%10 == 9 {
				got = texts(t, j, "hello", journal.Query{})
			}
		}
	}()
	s.Line("again")
	want := append(got, "again")
	if got := texts(t, j, "hello", journal.Query{}); !slices.Equal(got, want) || len(got) < 80 {
		t.Errorf("got %d lines, the last %.20q; want the %d that there were and again", len(got), got[len(got)-1], len(want)-1)
	}
	// What is written by itself between two reads may find room where ten lines
	// did not.
	last := -1
	for i, text := range got {
		n, err := strconv.Atoi(text[:min(7, len(text))])
		if err != nil || n <= last || text != numbered(n) || i < 80 && n != i {
			t.Fatalf("line %d is %.20q, after the line %d", i, text, last)
		}
		last = n
	}
}

// limited lets the process use less of something, until the returned function
// is called.
func limited(t *testing.T, what int, few uint64) func() {
	t.Helper()
	var before syscall.Rlimit
	if err := syscall.Getrlimit(what, &before); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(what, &syscall.Rlimit{Cur: few, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	return func() { syscall.Setrlimit(what, &before) }
}

// In a bubble no timer fires while somebody writes: as on a disk that cannot
// keep up.
func TestLinesDoNotFillTheMemory(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		j := open(t, dir, 8*limit)
		s := j.Stream("hello", "1")
		for i := range 3000 {
			s.Line(numbered(i))
		}
		if n := size(t, filepath.Join(dir, "hello")); n < 2_000_000 {
			t.Errorf("of 3 MB %d bytes are on disk", n)
		}
	})
}

// 500 functions write while the process may have a few more files open.
func TestManyFunctionsNeedFewFiles(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, limit)
	open, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Fatal(err)
	}
	defer limited(t, syscall.RLIMIT_NOFILE, uint64(len(open))+10)()
	const functions = 500
	for i := range functions {
		j.Stream(fmt.Sprint("f", i), "1").Line("x")
	}
	waittest.Until(t, "all lines are on disk", func() bool {
		written, err := filepath.Glob(filepath.Join(dir, "*", "*.log"))
		return err == nil && len(written) == functions
	})
	for i := range functions {
		if got := texts(t, j, fmt.Sprint("f", i), journal.Query{}); len(got) != 1 {
			t.Errorf("f%d has %q", i, got)
		}
	}
}

// BenchmarkInvocation is what the lines of one warm invocation cost its caller.
func BenchmarkInvocation(b *testing.B) {
	s := open(b, b.TempDir(), 64<<20).Stream("hello", "$LATEST")
	start := []byte("START RequestId: 5d2f7d1e-3b0e-4f7e-9d0c-1f2e3d4c5b6a Version: $LATEST\n")
	end := []byte("END RequestId: 5d2f7d1e-3b0e-4f7e-9d0c-1f2e3d4c5b6a\n")
	report := []byte("REPORT RequestId: 5d2f7d1e-3b0e-4f7e-9d0c-1f2e3d4c5b6a\tDuration: 2.72 ms\tBilled Duration: 170 ms\tMemory Size: 128 MB\tMax Memory Used: 21 MB\t\n")
	b.ReportAllocs()
	for b.Loop() {
		s.Write(start)
		s.Write(end)
		s.Write(report)
	}
}
