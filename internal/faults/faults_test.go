package faults

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// enable lets t plant faults.
func enable(t *testing.T) *Switchboard {
	t.Helper()
	s := Enable()
	t.Cleanup(func() { enabled.Store(nil) })
	return s
}

func plant(t *testing.T, s *Switchboard, kind Kind, stall time.Duration) {
	t.Helper()
	if err := s.Plant("test.step", kind, stall); err != nil {
		t.Fatal(err)
	}
}

// A step counts how often it is done and may fail.
type step struct {
	done int
	fail map[int]error // the how manieth time
}

func (s *step) reach(t *testing.T) error {
	return Point(t.Context(), "test.step", func(context.Context) error {
		s.done++
		return s.fail[s.done]
	})
}

func TestNothingGoesWrongUnlessEnabled(t *testing.T) {
	own := errors.New("its own")
	s := step{fail: map[int]error{2: own}}
	if err := s.reach(t); err != nil || s.done != 1 {
		t.Errorf("got %v, done %d times; want it done once", err, s.done)
	}
	if err := s.reach(t); err != own {
		t.Errorf("got %v, want the step's own failure", err)
	}
}

func TestFaultsHappenOnce(t *testing.T) {
	own := errors.New("its own")
	for _, c := range []struct {
		name string
		kind Kind
		fail map[int]error
		want error
		done int
	}{
		{"an error", Error, nil, &PlantedError{"test.step"}, 1},
		{"an error of a step that fails", Error, map[int]error{1: own}, own, 1},
		{"twice", Duplicate, nil, nil, 2},
		{"twice, and the first fails", Duplicate, map[int]error{1: own}, own, 1},
		{"twice, and the second fails", Duplicate, map[int]error{2: own}, own, 2},
		{"an end before a step that fails", Exit, map[int]error{1: own}, own, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			board := enable(t)
			plant(t, board, c.kind, 0)
			s := step{fail: c.fail}
			err := s.reach(t)
			if planted := (*PlantedError)(nil); errors.As(c.want, &planted) {
				if !errors.As(err, &planted) || planted.Point != "test.step" {
					t.Errorf("got %v, want a planted error", err)
				}
			} else if err != c.want {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if s.done != c.done {
				t.Errorf("done %d times, want %d", s.done, c.done)
			}
			s.fail = nil
			if err := s.reach(t); err != nil || s.done != c.done+1 {
				t.Errorf("afterwards: %v, done %d times; want it done once more", err, s.done-c.done)
			}
			if diff := cmp.Diff(map[string]int64{"test.step": 2}, board.Hits()); diff != "" {
				t.Errorf("hits (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFaultsAtOnePointTakeTurns(t *testing.T) {
	board := enable(t)
	plant(t, board, Error, 0)
	plant(t, board, Duplicate, 0)
	var s step
	if err := s.reach(t); err == nil || s.done != 1 {
		t.Errorf("the first time: %v, done %d times; want an error", err, s.done)
	}
	if err := s.reach(t); err != nil || s.done != 3 {
		t.Errorf("the second time: %v, done %d times; want it done twice", err, s.done-1)
	}
}

// Whoever hears of a planted error must not take the step for not done.
func TestAPlantedErrorPassesForTimeThatRanOut(t *testing.T) {
	var network net.Error
	if err := error(&PlantedError{"x"}); !errors.As(err, &network) || !network.Timeout() {
		t.Errorf("%v does not pass for a network's time that ran out", err)
	}
}

func TestWhatCannotBePlanted(t *testing.T) {
	board := enable(t)
	for _, c := range []struct {
		name  string
		kind  Kind
		stall time.Duration
	}{
		{"", Error, 0}, {"x", 0, 0}, {"x", ExitBefore + 1, 0}, {"x", Stall, 0}, {"x", Stall, -1}, {"x", Exit, time.Second},
	} {
		if board.Plant(c.name, c.kind, c.stall) == nil {
			t.Errorf("planted %+v", c)
		}
	}
}

// The nastiest stall is beyond the caller's deadline: the step is done when its
// caller has long given up.
func TestAStallOutlivesTheCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plant(t, enable(t), Stall, 10*time.Second)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		err := Point(ctx, "test.step", func(late context.Context) error {
			if got := time.Since(began); got != 10*time.Second {
				t.Errorf("done after %s, want 10 s", got)
			}
			if ctx.Err() == nil || late.Err() != nil {
				t.Errorf("its caller's context says %v and its own %v, want the caller gone", ctx.Err(), late.Err())
			}
			deadline, ok := late.Deadline()
			if left := time.Until(deadline); !ok || left != 2*time.Second {
				t.Errorf("the step has %s, want the 2 s it would have had", left)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestAStallWithoutADeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plant(t, enable(t), Stall, time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err := Point(ctx, "test.step", func(late context.Context) error {
			if _, ok := late.Deadline(); ok {
				t.Error("a deadline came from nowhere")
			}
			return late.Err()
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// exitingIn has this test binary, run as a program of its own, reach a point
// where Exit is planted, with a file that shows how far it came.
const exitingIn = "FAULTS_TEST_EXITS_IN"

func TestMain(m *testing.M) {
	if dir := os.Getenv(exitingIn); dir != "" {
		defer os.WriteFile(filepath.Join(dir, "deferred"), nil, 0o600)
		_ = Enable().Plant("test.exit", Exit, 0)
		_ = Point(context.Background(), "test.exit", func(context.Context) error {
			return os.WriteFile(filepath.Join(dir, "done"), nil, 0o600)
		})
		_ = os.WriteFile(filepath.Join(dir, "told"), nil, 0o600)
		return
	}
	os.Exit(m.Run())
}

func TestExitEndsTheProcessBeforeItIsTold(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), exitingIn+"="+dir)
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 137 {
		t.Errorf("the process ended with %v, want exit status 137", err)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{filepath.Join(dir, "done")}, left); diff != "" {
		t.Errorf("how far it came (-want +got):\n%s", diff)
	}
}

// What every step pays in a process where faults are off.
func BenchmarkPoint(b *testing.B) {
	ctx, do := context.Background(), func(context.Context) error { return nil }
	b.Run("off", func(b *testing.B) {
		for b.Loop() {
			_ = Point(ctx, "test.step", do)
		}
	})
	b.Run("direct", func(b *testing.B) {
		for b.Loop() {
			_ = do(ctx)
		}
	})
}
