package news_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"triptych/internal/news"
)

// A thing counts up to 3, and is final then.
type thing struct{ value, reads atomic.Int64 }

func (th *thing) read() (int64, bool, error) {
	th.reads.Add(1)
	v := th.value.Load()
	return v, v == 3, nil
}

// watch watches a thing until it is final and returns what was shown, and after
// how long.
func watch(t *testing.T, n *news.News, th *thing) (shown []int64, took time.Duration) {
	t.Helper()
	began := time.Now()
	err := news.Watch(t.Context(), n, uuid.Nil, th.read, func(v int64) error {
		shown = append(shown, v)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return shown, time.Since(began)
}

func TestWatchShowsTheBeginningAndTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, th := news.New(), &thing{}
		go func() {
			for range 3 {
				time.Sleep(10 * time.Millisecond)
				th.value.Add(1)
				n.Changed(uuid.Nil)
			}
		}()
		shown, took := watch(t, n, th)
		if !slices.Equal(shown, []int64{0, 3}) || took != 30*time.Millisecond {
			t.Errorf("shown %v in %v, want 0 and 3, in 30 ms", shown, took)
		}
	})
}

func TestWatchShowsWhatIsFinalOnce(t *testing.T) {
	th := &thing{}
	th.value.Store(3)
	if shown, _ := watch(t, news.New(), th); !slices.Equal(shown, []int64{3}) {
		t.Errorf("shown %v, want 3", shown)
	}
}

func TestWatchFindsWhatAnotherProcessDid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, th := news.New(), &thing{}
		time.AfterFunc(1500*time.Millisecond, func() { th.value.Store(3) }) // and nobody is told
		shown, took := watch(t, n, th)
		if !slices.Equal(shown, []int64{0, 3}) || took != 2*time.Second || th.reads.Load() != 3 {
			t.Errorf("shown %v in %v after %d reads, want 0 and 3, in 2 s, after 3", shown, took, th.reads.Load())
		}
	})
}

func TestWatchEndsWithItsContextOrAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		all := func(int64) error { return nil }
		if err := news.Watch(ctx, news.New(), uuid.Nil, (&thing{}).read, all); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		broken := errors.New("broken")
		unread := func() (int64, bool, error) { return 0, false, broken }
		if err := news.Watch(t.Context(), news.New(), uuid.Nil, unread, all); !errors.Is(err, broken) {
			t.Errorf("reading: got %v", err)
		}
		if err := news.Watch(t.Context(), news.New(), uuid.Nil, (&thing{}).read, func(int64) error { return broken }); !errors.Is(err, broken) {
			t.Errorf("showing: got %v", err)
		}
	})
}
