package measure

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestQuantile(t *testing.T) {
	var hundred []time.Duration
	for n := range 100 {
		hundred = append(hundred, time.Duration(n+1))
	}
	for _, c := range []struct {
		of   []time.Duration
		q    float64
		want time.Duration
	}{
		{nil, 0.5, 0},
		{[]time.Duration{7}, 0.5, 7},
		{[]time.Duration{7}, 0.99, 7},
		{[]time.Duration{1, 2, 3}, 0.5, 2},
		{[]time.Duration{1, 2, 3, 4}, 0.5, 2},
		{hundred, 0, 1},
		{hundred, 0.5, 50},
		{hundred, 0.95, 95},
		{hundred, 0.99, 99},
		{hundred, 0.995, 100},
		{hundred, 1, 100},
	} {
		if got := (Tally{Times: c.of}).Quantile(c.q); got != c.want {
			t.Errorf("quantile %v of %d values is %d, want %d", c.q, len(c.of), got, c.want)
		}
	}
}

func TestSchedule(t *testing.T) {
	s := schedule{time.Unix(1000, 0), 3}
	for n, want := range map[int]time.Duration{0: 0, 1: 333_333_333, 3: time.Second, 3_000_000: 1_000_000 * time.Second} {
		if got := s.at(n).Sub(s.begin); got != want {
			t.Errorf("number %d is due after %s, want %s", n, got, want)
		}
	}
	for during, want := range map[time.Duration]int{0: 0, time.Second: 3, 10 * time.Second: 30, time.Millisecond: 1, 334 * time.Millisecond: 2} {
		if got := s.count(during); got != want {
			t.Errorf("%d are due within %s, want %d", got, during, want)
		}
	}
}

// A shop that stalls for a second, in which ten are due, makes all ten slow, not
// only the first.
func TestAStallMakesAllWhoComeMeanwhileSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		stalled := began.Add(2 * time.Second)
		got, err := arrivals(t.Context(), schedule{began, 10}, 4*time.Second, func(context.Context) error {
			time.Sleep(20 * time.Millisecond)
			if d := time.Until(stalled.Add(time.Second)); d < time.Second && d > 0 {
				time.Sleep(d)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slow := 0
		for _, took := range got.Times {
			if took > 20*time.Millisecond {
				slow++
			}
		}
		if got.Done != 40 || slow != 10 || got.Quantile(1) != time.Second || got.Quantile(0.5) != 20*time.Millisecond || got.Late != 0 {
			t.Errorf("%d done, %d of them slow, the longest %s, half of them %s, begun %s late; want 40, 10, 1s, 20ms, 0s",
				got.Done, slow, got.Quantile(1), got.Quantile(0.5), got.Late)
		}
		if got.Took != 3920*time.Millisecond {
			t.Errorf("it took %s", got.Took)
		}
	})
}

func TestWhatFailsIsNotMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("500")
		var n atomic.Int32
		_, err := arrivals(t.Context(), schedule{time.Now(), 10}, time.Hour, func(context.Context) error {
			if n.Add(1) == 5 {
				return broken
			}
			return nil
		})
		if err != broken || n.Load() > 6 {
			t.Errorf("%d were begun, error %v", n.Load(), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := arrivals(ctx, schedule{time.Now(), 10}, time.Hour, func(context.Context) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("out of time: %v", err)
		}
	})
}
