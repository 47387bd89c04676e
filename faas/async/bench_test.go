package async_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"triptych/faas/async"
	"triptych/faas/function"
)

// BenchmarkAdd says how long it takes to have an event on disk, by how many add
// at a time.
func BenchmarkAdd(b *testing.B) {
	for _, callers := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			w := newWorld(b, async.Options{})
			defer w.close()
			w.functions["f"] = succeed
			payload := make([]byte, 500)
			for i := range payload {
				payload[i] = '1'
			}
			b.ResetTimer()
			b.SetParallelism(callers / 2)
			if callers == 1 {
				for b.Loop() {
					addOne(b, w, payload)
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						addOne(b, w, payload)
					}
				})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

func addOne(b *testing.B, w *world, payload []byte) {
	err := w.Add(context.Background(), async.Event{ID: "0b8e3c26-5b3c-4e1f-9a37-d7e2f0d5a001", Ref: function.Ref{Name: "f"}, Payload: payload})
	if err != nil {
		b.Error(err)
	}
}

// BenchmarkDeliver says how many events a second are delivered to a function
// that does nothing, with a record for a queue of each.
func BenchmarkDeliver(b *testing.B) {
	w := newWorld(b, async.Options{})
	defer w.close()
	var n atomic.Int64
	done := make(chan struct{})
	w.functions["f"] = func(ctx context.Context, e async.Event) (async.Result, error) {
		return succeed(ctx, e)
	}
	w.set("f", async.Settings{OnSuccess: queueARN("done")})
	b.SetParallelism(64)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			addOne(b, w, []byte(`{}`))
			n.Add(1)
		}
	})
	b.ResetTimer()
	w.during(func() {
		go func() {
			for w.stats("f").Succeeded < n.Load() {
				time.Sleep(time.Millisecond)
			}
			close(done)
		}()
		<-done
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
