package journal_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"triptych/faas/function"
	"triptych/faas/journal"
	"triptych/internal/waittest"
)

// No goroutine may be left, whether or not a journal was closed.
func TestMain(m *testing.M) { waittest.Main(m) }

func open(t testing.TB, dir string, limit int64) *journal.Journal {
	t.Helper()
	j, err := journal.Open(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.Close)
	return j
}

func texts(t testing.TB, j *journal.Journal, function string, q journal.Query) []string {
	t.Helper()
	var all []string
	for l, err := range j.Lines(t.Context(), function, q) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, l.Text)
	}
	return all
}

func TestAStreamIsNamedAsLambdaDoes(t *testing.T) {
	j := open(t, t.TempDir(), 1<<20)
	a, b := j.Stream("hello", "$LATEST").Name(), j.Stream("hello", "7").Name()
	if ok, _ := regexp.MatchString(`^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$`, a); !ok {
		t.Errorf("got %s", a)
	}
	if ok, _ := regexp.MatchString(`^\d{4}/\d\d/\d\d/\[7\][0-9a-f]{32}$`, b); !ok || a[len(a)-32:] == b[len(b)-32:] {
		t.Errorf("got %s after %s", b, a)
	}
}

func TestOutputIsCutIntoLines(t *testing.T) {
	j := open(t, t.TempDir(), 1<<20)
	s := j.Stream("hello", "$LATEST")
	for _, p := range []string{"one\ntwo\r\nth", "r", "ee\n\n", "four"} {
		if n, err := s.Write([]byte(p)); n != len(p) || err != nil {
			t.Fatal(n, err)
		}
	}
	s.Line("five")
	s.Write([]byte("six"))
	s.Close()
	if _, err := s.Write([]byte("seven\n")); err == nil {
		t.Error("a closed stream takes more")
	}
	want := []string{"one", "two", "three", "", "four", "five", "six"}
	if got := texts(t, j, "hello", journal.Query{}); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLongLinesAreCut(t *testing.T) {
	const longest = 256 << 10
	j := open(t, t.TempDir(), 4<<20)
	s := j.Stream("hello", "$LATEST")
	long := strings.Repeat("x", longest-1) + "é" + strings.Repeat("y", longest)
	s.Write([]byte(long + "\n"))
	for part := range slices.Chunk([]byte(long+"\n"), 1000) { // and in pieces
		s.Write(part)
	}
	var sizes []int
	got := texts(t, j, "hello", journal.Query{})
	for _, text := range got {
		sizes = append(sizes, len(text))
	}
	if want := []int{longest - 1, longest, 2, longest - 1, longest, 2}; !slices.Equal(sizes, want) {
		t.Errorf("got lines of %v bytes, want %v", sizes, want)
	}
	if strings.Join(got, "") != long+long {
		t.Error("something of the lines is missing")
	}
}

func TestFilesAreForPeople(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, 1<<20)
	s := j.Stream("hello", "$LATEST")
	s.Line("START RequestId: 1 Version: $LATEST")
	j.Close()
	b, err := os.ReadFile(filepath.Join(dir, "hello", "00000001.log"))
	want := `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z ` + regexp.QuoteMeta(s.Name()) + ` START RequestId: 1 Version: \$LATEST\n$`
	if ok, _ := regexp.Match(want, b); !ok || err != nil {
		t.Errorf("the file has %q, %v", b, err)
	}
}

func TestLinesAreOnDiskWithin100ms(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		j, err := journal.Open(dir, 1<<20) // and is never closed
		if err != nil {
			t.Fatal(err)
		}
		s := j.Stream("hello", "1")
		for _, text := range []string{"one", "two"} { // the second after a pause
			s.Line(text)
			time.Sleep(99 * time.Millisecond)
			synctest.Wait()
			if b, _ := os.ReadFile(filepath.Join(dir, "hello", "00000001.log")); strings.Contains(string(b), text) {
				t.Errorf("%s was written at once: each line costs a write", text)
			}
			time.Sleep(time.Millisecond)
			synctest.Wait()
			if b, err := os.ReadFile(filepath.Join(dir, "hello", "00000001.log")); !strings.Contains(string(b), text) {
				t.Errorf("%s is not on disk: %v", text, err)
			}
			time.Sleep(time.Hour)
		}
	})
}

func TestQueries(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		j := open(t, dir, 1<<20)
		a, b := j.Stream("hello", "1"), j.Stream("hello", "1")
		began := time.Now()
		a.Line("a0")
		time.Sleep(time.Minute)
		b.Line("b1")
		a.Line("a1")
		for name, c := range map[string]struct {
			function string
			query    journal.Query
			want     []string
		}{
			"all":       {"hello", journal.Query{}, []string{"a0", "b1", "a1"}},
			"a stream":  {"hello", journal.Query{Stream: a.Name()}, []string{"a0", "a1"}},
			"since":     {"hello", journal.Query{Since: began.Add(time.Minute)}, []string{"b1", "a1"}},
			"too late":  {"hello", journal.Query{Since: began.Add(time.Minute + 1)}, nil},
			"another's": {"other", journal.Query{}, nil},
		} {
			if diff := cmp.Diff(c.want, texts(t, j, c.function, c.query)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		for l := range j.Lines(t.Context(), "hello", journal.Query{}) {
			if l.Stream != a.Name() || !l.Time.Equal(began) {
				t.Errorf("the first line is %+v, want one of %v in %s", l, began, a.Name())
			}
			break
		}
	})
}

func TestLinesOfNoFunction(t *testing.T) {
	dir := t.TempDir()
	j := open(t, filepath.Join(dir, "journal"), 1<<20)
	s := j.Stream("../outside", "1")
	s.Line("x")
	s.Close()
	for _, err := range j.Lines(t.Context(), "../outside", journal.Query{}) {
		if _, ok := errors.AsType[*function.Error](err); !ok {
			t.Errorf("got %v", err)
		}
	}
	if err := j.Remove("../outside"); err == nil {
		t.Error("something outside could be removed")
	}
	j.Close()
	if _, err := os.Stat(filepath.Join(dir, "outside")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is something outside: %v", err)
	}
}

func TestTheLimitMustHaveRoom(t *testing.T) {
	if _, err := journal.Open(t.TempDir(), 1000); err == nil || !strings.Contains(err.Error(), "1048576") {
		t.Errorf("got %v", err)
	}
}
