package trace

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

func TestOldestTracesAreDroppedWhole(t *testing.T) {
	s := NewStore(Limits{Spans: 10})
	for n := range uint64(5) {
		add(t, s, "till", span(n+1, 1, 0, "sell"), span(n+1, 2, 1, "weigh"), span(n+1, 3, 1, "pay"))
	}
	for n, want := range map[uint64]bool{1: false, 2: false, 3: true, 4: true, 5: true} {
		tr, ok := s.Get(traceID(n))
		if ok != want || (ok && len(tr.Spans) != 3) {
			t.Errorf("trace %d: there = %t with %d spans, want %t, and 3 if so", n, ok, len(tr.Spans), want)
		}
	}
	if got := s.Tally(); got.Spans != 15 || got.Kept != 9 || got.Traces != 3 || got.Dropped != 6 {
		t.Errorf("tally = %+v, want 15 spans, of which 9 in 3 traces kept and 6 dropped", got)
	}
}

func TestOneTraceWithoutEndLeavesRoomForOthers(t *testing.T) {
	s := NewStore(Limits{Spans: 100})
	add(t, s, "till", span(1, 1, 0, "sell"))
	for n := range uint64(500) {
		add(t, s, "till", span(2, n+1, 0, "loop"))
	}
	get(t, s, 1)
	if tr := get(t, s, 2); len(tr.Spans) != 50 || tr.Dropped != 450 {
		t.Errorf("endless trace has %d spans and %d dropped, want 50 and 450", len(tr.Spans), tr.Dropped)
	}
}

// A hundred thousand spans with attributes, in small traces, and then in large
// ones: the memory they take is what the limit says, and a little.
func TestMemoryStaysWithinTheLimit(t *testing.T) {
	const limit = 8 << 20
	for _, perTrace := range []uint64{10, 3000} {
		s := NewStore(Limits{Bytes: limit, Spans: 1 << 30})
		before := heap()
		for n := range 100_000 / perTrace {
			var spans []*tracepb.Span
			for i := range perTrace {
				v := span(n+1, i+1, i, "query")
				v.Attributes = []*commonpb.KeyValue{{Key: "db.query.text", Value: text(strings.Repeat("select ", 30))}}
				spans = append(spans, v)
			}
			add(t, s, "till", spans...)
			if got := s.Tally(); got.Bytes > limit {
				t.Fatalf("%d bytes kept, limit %d", got.Bytes, limit)
			}
		}
		if used := heap() - before; used > limit*5/4 {
			t.Errorf("traces of %d spans: %d bytes used, limit %d", perTrace, used, limit)
		} else {
			t.Logf("traces of %d spans: %.1f MB used of %d, %+v", perTrace, float64(used)/(1<<20), limit>>20, s.Tally())
		}
		runtime.KeepAlive(s)
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC() // the first frees, the second sweeps what unique kept
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestSpansWithoutValidIDsAreRefusedAlone(t *testing.T) {
	s := NewStore(Limits{})
	short, zero, parent := span(1, 2, 0, "short"), span(1, 3, 0, "zero"), span(1, 4, 0, "parent")
	short.TraceId = short.TraceId[:7]
	zero.SpanId = make([]byte, 8)
	parent.ParentSpanId = []byte{1}
	refused, reason := s.Add(request(t, "till", short, zero, parent, span(1, 1, 0, "good")))
	if refused != 3 || !strings.Contains(reason, "trace_id") {
		t.Errorf("refused = %d, %q; want 3, and the first about trace_id", refused, reason)
	}
	if tr := get(t, s, 1); len(tr.Spans) != 1 || tr.Spans[0].Name != "good" {
		t.Errorf("kept %v, want the good one", tr.Spans)
	}
}

func TestListIsNewestFirstAndFiltered(t *testing.T) {
	s := NewStore(Limits{})
	for n := range uint64(30) {
		name := "GET /v1/products"
		if n%10 == 0 {
			name = "POST /v1/orders"
		}
		add(t, s, "till", span(n+1, 1, 0, name))
	}
	failed := span(1, 2, 1, "charge")
	failed.Status = &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR}
	add(t, s, "bank", failed)

	ids := func(q Query) (ids []string) {
		for _, sum := range s.List(q) {
			ids = append(ids, fmt.Sprint(sum.ID[15]))
		}
		return ids
	}
	if got := ids(Query{}); len(got) != 20 || got[0] != "30" || got[19] != "11" {
		t.Errorf("list = %v, want 30 down to 11", got)
	}
	if got := ids(Query{Name: "POST /v1/orders", Limit: 2}); !slices.Equal(got, []string{"21", "11"}) {
		t.Errorf("orders = %v, want 21 and 11", got)
	}
	list := s.List(Query{Service: "bank"})
	if len(list) != 1 || list[0].Name != "POST /v1/orders" || list[0].Errors != 1 || list[0].Spans != 2 {
		t.Errorf("of bank = %+v, want the first order, with an error", list)
	}
	if names := s.Services(); len(names) != 2 || names[0].Name != "bank" || names[1].Spans != 30 {
		t.Errorf("services = %+v, want bank and till with 30 spans", names)
	}
}

func TestASummaryFollowsItsTrace(t *testing.T) {
	s := NewStore(Limits{})
	add(t, s, "till", span(1, 2, 1, "weigh"))
	if got := s.List(Query{})[0].Name; got != "weigh" {
		t.Errorf("name = %q before the root arrives, want weigh", got)
	}
	add(t, s, "till", span(1, 1, 0, "sell"))
	if got := s.List(Query{})[0].Name; got != "sell" {
		t.Errorf("name = %q, want sell", got)
	}
}

func TestWaitLooksAgainWhenSpansArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewStore(Limits{})
		go func() {
			for n := range uint64(4) { // the root last, as processes report
				time.Sleep(time.Second)
				add(t, s, "till", span(1, 4-n, 3-n, "step"))
				add(t, s, "till", span(9, n+1, 0, "other"))
			}
		}()
		looked := 0
		tr, err := s.Wait(t.Context(), traceID(1), func(tr Trace) bool { looked++; return Whole(tr) })
		if err != nil || len(tr.Spans) != 4 {
			t.Errorf("Wait = %d spans, %v; want 4", len(tr.Spans), err)
		}
		if looked != 4 {
			t.Errorf("looked %d times, want once for each arrival", looked)
		}
	})
}

func TestWaitGivesUpWithWhatThereIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewStore(Limits{})
		add(t, s, "till", span(1, 2, 1, "weigh"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		tr, err := s.Wait(ctx, traceID(1), Whole)
		if !errors.Is(err, context.DeadlineExceeded) || len(tr.Spans) != 1 {
			t.Errorf("Wait = %d spans, %v; want 1 and the deadline", len(tr.Spans), err)
		}
		if len(s.waiting) != 0 {
			t.Error("a waiter was left behind")
		}
	})
}

func TestManyAddAndLookAtOnce(t *testing.T) {
	s := NewStore(Limits{Spans: 500})
	var wg sync.WaitGroup
	for w := range uint64(4) {
		wg.Go(func() {
			for n := range uint64(300) {
				add(t, s, "till", span(n+1, w*1000+1, 0, "sell"), span(n+1, w*1000+2, w*1000+1, "weigh"))
			}
		})
		wg.Go(func() {
			for n := range uint64(300) {
				s.Get(traceID(n + 1))
				if n%50 == 0 {
					s.List(Query{Service: "till"})
				}
			}
		})
	}
	wg.Wait()
	if got := s.Tally(); got.Kept > 500 || int64(got.Kept)+got.Dropped != got.Spans {
		t.Errorf("tally = %+v, want at most 500 kept, and kept and dropped to add up", got)
	}
}
