package stats

import (
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"time"
)

// Buckets are a microsecond wide at first. From 64 µs on, each doubling has 32
// of them: a bucket is at most a 32nd of what it counts wide, and its middle at
// most a 64th (1.6 %) off. It is the division of HdrHistogram.
const (
	doubling = 32
	exact    = 2 * doubling
	longest  = 1 << 32 * time.Microsecond // 71 minutes; what is longer counts as this
	buckets  = (33-6)*doubling + exact    // that longest needs
)

// A histogram counts durations. It grows with the longest, to 7 KB at most.
type histogram struct {
	counts []uint64
	n      uint64
	sum    time.Duration
	max    time.Duration
}

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	i := bucketOf(d)
	if i >= len(h.counts) {
		h.counts = append(h.counts, make([]uint64, i+1-len(h.counts))...)
	}
	h.counts[i]++
	h.n++
	h.sum += d
	h.max = max(h.max, d)
}

func bucketOf(d time.Duration) int {
	us := uint64(min(d, longest) / time.Microsecond)
	if us < exact {
		return int(us)
	}
	shift := bits.Len64(us) - bits.Len64(exact-1)
	return shift*doubling + int(us>>shift)
}

// middle is the duration that a bucket's are taken for.
func middle(bucket int) time.Duration {
	if bucket < exact {
		return time.Duration(bucket) * time.Microsecond
	}
	shift := bucket/doubling - 1
	low := uint64(bucket-shift*doubling) << shift
	return time.Duration(low)*time.Microsecond + time.Microsecond<<shift/2
}

// quantile is the duration that a share of them, from 0 to 1, does not exceed;
// 0 when there are none.
func (h *histogram) quantile(share float64) time.Duration {
	rank := max(1, uint64(math.Ceil(share*float64(h.n))))
	var seen uint64
	for i, n := range h.counts {
		if seen += n; seen >= rank {
			return min(middle(i), h.max)
		}
	}
	return h.max
}

func (h *histogram) mean() time.Duration {
	if h.n == 0 {
		return 0
	}
	return h.sum / time.Duration(h.n)
}

func (h *histogram) clone() histogram {
	c := *h
	c.counts = slices.Clone(h.counts)
	return c
}

// A kept histogram names only the buckets that have something in them.
type kept struct {
	Counts map[int]uint64 `json:",omitempty"`
	Sum    time.Duration
	Max    time.Duration
}

// MarshalJSON writes what is kept on disk.
func (h histogram) MarshalJSON() ([]byte, error) {
	k := kept{Counts: map[int]uint64{}, Sum: h.sum, Max: h.max}
	for i, n := range h.counts {
		if n > 0 {
			k.Counts[i] = n
		}
	}
	return json.Marshal(k)
}

// UnmarshalJSON reads it.
func (h *histogram) UnmarshalJSON(b []byte) error {
	var k kept
	if err := json.Unmarshal(b, &k); err != nil {
		return err
	}
	*h = histogram{sum: k.Sum, max: k.Max}
	for i, n := range k.Counts {
		if i < 0 || i >= buckets {
			return fmt.Errorf("a histogram has no bucket %d", i)
		}
		if i >= len(h.counts) {
			h.counts = append(h.counts, make([]uint64, i+1-len(h.counts))...)
		}
		h.counts[i] = n
		h.n += n
	}
	return nil
}
