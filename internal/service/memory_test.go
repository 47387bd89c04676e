package service

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Memory is given back after each minute in which nothing was collected, which
// giving back itself does.
func TestAnIdleServiceGivesMemoryBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var collected atomic.Int64
		var at []time.Duration
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			giveBack(ctx, collected.Load, func() {
				collected.Add(1)
				at = append(at, time.Since(began))
			})
		}()
		time.Sleep(150 * time.Second)
		synctest.Wait()
		collected.Add(1) // it is busy
		time.Sleep(100 * time.Second)
		stop()
		<-done
		if want := []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute}; !slices.Equal(at, want) {
			t.Errorf("given back after %v, want %v", at, want)
		}
	})
}
