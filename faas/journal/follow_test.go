package journal_test

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"strings"
	"testing"

	"triptych/faas/journal"
)

// follow reads lines as they come.
func follow(t *testing.T, j *journal.Journal, function string) (next func() (journal.Line, error, bool), stop context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	next, end := iter.Pull2(j.Lines(ctx, function, journal.Query{Follow: true}))
	t.Cleanup(func() { cancel(); end() })
	return next, cancel
}

func TestFollowingAcrossFiles(t *testing.T) {
	j := open(t, t.TempDir(), limit)
	s := j.Stream("hello", "1")
	s.Line(numbered(0))
	next, cancel := follow(t, j, "hello")
	for i := range 3000 {
		l, err, ok := next()
		if err != nil || !ok || l.Text != numbered(i) || l.Stream != s.Name() {
			t.Fatalf("line %d is %.20s, %v, %v", i, l.Text, err, ok)
		}
		if i%100 == 0 { // many at once, and then none
			for k := range 100 {
				s.Line(numbered(i + k + 1))
			}
		}
	}
	cancel()
	for {
		_, err, ok := next()
		if !ok {
			t.Fatal("following ended without an error")
		}
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			break
		}
	}
}

func TestAFunctionCanBeFollowedBeforeItsFirstLine(t *testing.T) {
	j := open(t, t.TempDir(), limit)
	next, _ := follow(t, j, "hello")
	s := j.Stream("hello", "1")
	go s.Line("first")
	if l, err, ok := next(); l.Text != "first" || err != nil || !ok {
		t.Errorf("got %+v, %v, %v", l, err, ok)
	}
}

// Who follows takes no line for as long as a writer writes three times as many
// as are kept.
func TestASlowReaderHoldsNoWriter(t *testing.T) {
	dir := t.TempDir()
	j := open(t, dir, limit)
	s := j.Stream("hello", "1")
	s.Line(numbered(0))
	next, _ := follow(t, j, "hello")
	if l, err, _ := next(); l.Text != numbered(0) {
		t.Fatal(l, err)
	}
	for i := range 3000 {
		s.Line(numbered(i + 1))
	}
	last := 0
	for last < 3000 {
		l, err, ok := next()
		number, _, _ := strings.Cut(l.Text, " ")
		i, wrong := strconv.Atoi(number)
		if err != nil || !ok || wrong != nil || i <= last {
			t.Fatalf("after line %d comes %.20s, %v", last, l.Text, err)
		}
		last = i
	}
}
