package journal_test

import (
	"regexp"
	"slices"
	"testing"

	"triptych/faas/journal"
)

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
