package pool

import (
	"context"
	"testing"
	"time"

	"triptych/faas/runtimeapi"
)

// What placement costs an event that finds an instance: it must allocate its
// lease alone.
func BenchmarkWarm(b *testing.B) {
	m := &machine{}
	p := New(Options[*fake]{New: m.make, Concurrency: 10, Starting: 10, KeepAlive: time.Minute})
	defer p.Close()
	poll := new(runtimeapi.Poll)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		l, err := p.Acquire(ctx, hello)
		if err != nil {
			b.Fatal(err)
		}
		l.End(time.Now().Add(time.Second))
		l.Env.free(poll)
	}
}

func TestAWarmEventAllocatesItsLeaseAlone(t *testing.T) {
	m := &machine{}
	p := New(Options[*fake]{New: m.make, Concurrency: 10, Starting: 10, KeepAlive: time.Minute})
	defer p.Close()
	poll := new(runtimeapi.Poll)
	event := func() {
		l, err := p.Acquire(t.Context(), hello)
		if err != nil {
			t.Fatal(err)
		}
		l.End(time.Now().Add(time.Second))
		l.Env.free(poll)
	}
	event()
	if n := testing.AllocsPerRun(100, event); n > 1 {
		t.Errorf("it allocates %v times, want 1", n)
	}
}
