package stats

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestPercentilesAreNearTheTrueOnes holds the promised bound, 1.6 %, against
// sorting.
func TestPercentilesAreNearTheTrueOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Of all magnitudes alike.
		duration := rapid.Map(rapid.Float64Range(0, math.Log(float64(longest))), func(x float64) time.Duration {
			return min(time.Duration(math.Exp(x)), longest)
		})
		all := rapid.SliceOfN(duration, 1, 200).Draw(t, "durations")
		var h histogram
		for _, d := range all {
			h.add(d)
		}
		slices.Sort(all)
		for _, share := range []float64{0, 0.5, 0.95, 0.99, 1} {
			want := all[max(0, int(math.Ceil(share*float64(len(all))))-1)]
			got := h.quantile(share)
			if off := (got - want).Abs(); off > time.Microsecond && float64(off) > float64(want)/64 {
				t.Fatalf("quantile %v of %v: got %v, want %v", share, all, got, want)
			}
		}
		if h.max != all[len(all)-1] {
			t.Fatalf("maximum: got %v, want %v", h.max, all[len(all)-1])
		}
	})
}

func TestABucketContainsWhatIsCountedInIt(t *testing.T) {
	for us := range uint64(1 << 20) {
		d := time.Duration(us) * time.Microsecond
		if m := middle(bucketOf(d)); bucketOf(m) != bucketOf(d) {
			t.Fatalf("%v is in bucket %d, whose middle %v is in %d", d, bucketOf(d), m, bucketOf(m))
		}
	}
	if n := bucketOf(math.MaxInt64); n >= buckets {
		t.Errorf("the longest duration is in bucket %d of %d", n, buckets)
	}
}

func TestAHistogramSurvivesBeingKept(t *testing.T) {
	var h histogram
	for _, d := range []time.Duration{0, time.Microsecond, time.Millisecond, time.Millisecond, 15 * time.Minute, -1} {
		h.add(d)
	}
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	var got histogram
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(h, got, cmp.AllowUnexported(histogram{})); diff != "" {
		t.Errorf("kept (-want +got):\n%s", diff)
	}
	if err := json.Unmarshal([]byte(`{"Counts":{"1000000000":1}}`), &got); err == nil {
		t.Error("a bucket that does not exist is read")
	}
}
