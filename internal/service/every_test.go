package service

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestEvery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Service{}
		times := 0
		s.Every(10*time.Minute, func(context.Context) { times++ })
		ctx, cancel := context.WithTimeout(t.Context(), 35*time.Minute)
		defer cancel()
		if err := s.work[0](ctx); err != nil || times != 3 {
			t.Errorf("%d times in 35 minutes, and %v", times, err)
		}
	})
}
