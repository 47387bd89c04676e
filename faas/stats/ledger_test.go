package stats_test

import (
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.etcd.io/bbolt"

	"triptych/faas/function"
	"triptych/faas/stats"
	"triptych/internal/waittest"
)

func TestMain(m *testing.M) { waittest.Main(m) }

func database(t testing.TB, path string) *bbolt.DB {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func open(t testing.TB, db *bbolt.DB) *stats.Ledger {
	t.Helper()
	l, err := stats.Open(db)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var (
	cold = stats.Run{Cold: true, Duration: 2 * time.Millisecond, Answer: 12 * time.Millisecond, Init: 10 * time.Millisecond,
		Billed: 12 * time.Millisecond, Memory: 512, Peak: 20}
	warm = stats.Run{Duration: time.Millisecond, Answer: time.Millisecond, Billed: time.Millisecond, Memory: 512, Peak: 21}
	slow = stats.Run{Failed: true, TimedOut: true, Duration: 3 * time.Second, Answer: 3 * time.Second,
		Billed: 3 * time.Second, Memory: 512, Peak: 19}
)

func TestFiguresSurviveARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	db := database(t, path)
	l := open(t, db)
	c := l.Counter("hello", function.Latest)
	for _, r := range []stats.Run{cold, warm, warm, slow} {
		c.Ran(r)
	}
	c.Refused(function.Throttled(function.ReservedLimit))
	c.Refused(function.Internal(errors.New("the code is damaged")))
	c.Refused(function.Invalid("the caller's mistake"))
	l.Counter("hello", "10").Ran(warm)
	l.Counter("hello", "9").Ran(warm)
	before := l.Figures()
	l.Close()
	db.Close()

	l = open(t, database(t, path))
	defer l.Close()
	got := l.Figures()
	if diff := cmp.Diff(before, got); diff != "" {
		t.Errorf("after a restart (-before +after):\n%s", diff)
	}
	want := stats.Figures{
		Function: "hello", Version: "$LATEST", Invocations: 4, Errors: 1, Timeouts: 1, Throttles: 1, Failures: 1,
		ColdStarts: 1, ColdShare: 0.25, GBSeconds: 0.5 * 3.014, PeakMemory: 21,
		Duration: stats.Spread{Mean: 751, P50: 1, P95: 3000, P99: 3000, Max: 3000},
		Answer:   stats.Spread{Mean: 753.5, P50: 1, P95: 3000, P99: 3000, Max: 3000},
		Init:     stats.Spread{Mean: 10, P50: 10, P95: 10, P99: 10, Max: 10},
	}
	if diff := cmp.Diff(want, got[0], cmpopts.EquateApprox(0.016, 0), cmpopts.IgnoreFields(stats.Figures{}, "Since")); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
	if len(got) != 3 || got[1].Version != "9" || got[2].Version != "10" {
		t.Errorf("versions are not in their order: %+v", got)
	}
}

// TestCountsAreOnDiskInTime looks at what another process would find after a
// kill: that nothing was closed.
func TestCountsAreOnDiskInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db := database(t, filepath.Join(t.TempDir(), "state.db"))
		l := open(t, db)
		defer l.Close()
		onDisk := func() uint64 {
			killed := open(t, db)
			var n uint64
			for _, f := range killed.Figures() {
				n += f.Invocations
			}
			return n
		}
		for want := uint64(1); want < 4; want++ {
			l.Counter("hello", "1").Ran(warm)
			if got := onDisk(); got != want-1 {
				t.Errorf("invocation %d was written at once: each costs a write", got)
			}
			time.Sleep(stats.Within)
			synctest.Wait()
			if got := onDisk(); got != want {
				t.Errorf("after %s: %d invocations on disk, want %d", stats.Within, got, want)
			}
		}
	})
}

func TestAFunctionThatIsGoneIsForgotten(t *testing.T) {
	db := database(t, filepath.Join(t.TempDir(), "state.db"))
	l := open(t, db)
	l.Counter("hello", "1").Ran(warm)
	l.Counter("bye", "1").Ran(warm)
	l.Close()
	l = open(t, db)
	l.Counter("bye", "1").Ran(warm)
	if err := l.Keep(func(name, _ string) bool { return name == "hello" }); err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, l := range []*stats.Ledger{l, open(t, db)} {
		if got := l.Figures(); len(got) != 1 || got[0].Function != "hello" {
			t.Errorf("got %+v", got)
		}
	}
}

func TestWhatCannotBeReadBeginsAgain(t *testing.T) {
	db := database(t, filepath.Join(t.TempDir(), "state.db"))
	open(t, db).Close()
	err := db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte("stats")).Put([]byte("hello\x001"), []byte("{")) })
	if err != nil {
		t.Fatal(err)
	}
	l := open(t, db)
	defer l.Close()
	if got := l.Figures(); len(got) != 0 {
		t.Errorf("got %+v", got)
	}
	l.Counter("hello", "1").Ran(warm)
	if got := l.Figures(); len(got) != 1 || got[0].Invocations != 1 {
		t.Errorf("got %+v", got)
	}
}

// TestManyCountAtOnce has counting, writing, reading and forgetting at the same
// time.
func TestManyCountAtOnce(t *testing.T) {
	db := database(t, filepath.Join(t.TempDir(), "state.db"))
	l := open(t, db)
	const callers, each = 8, 500
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for range each {
				l.Counter("hello", "1").Ran(warm)
			}
		})
	}
	wg.Go(func() {
		for range 20 {
			l.Counter("bye", "1").Ran(warm)
			l.Figures()
			if err := l.Keep(func(name, _ string) bool { return name == "hello" }); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Go(func() {
		for range 20 {
			l.Close() // writes
		}
	})
	wg.Wait()
	l.Close()
	for _, f := range open(t, db).Figures() {
		if f.Function == "hello" && f.Invocations != callers*each {
			t.Errorf("%d invocations were counted, of %d", f.Invocations, callers*each)
		}
	}
}

func BenchmarkRan(b *testing.B) {
	l := open(b, database(b, filepath.Join(b.TempDir(), "state.db")))
	defer l.Close()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			l.Counter("hello", "1").Ran(warm)
		}
	})
}
