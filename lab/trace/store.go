package trace

import (
	"context"
	"slices"
	"sync"
)

// Limits bound what a store keeps.
type Limits struct {
	Spans int   // zero is 50,000
	Bytes int64 // zero is 32 MiB
}

// A Store keeps the newest traces within its limits; the oldest are dropped
// whole. It keeps spans as they came and decodes a trace when it is asked for.
type Store struct {
	limits Limits

	mu      sync.Mutex
	traces  map[ID]*entry
	queue   []*entry // by the arrival of their first spans; the first head of them are gone
	head    int
	spans   int
	bytes   int64
	dropped int64 // spans, of traces that are gone or too large
	waiting map[ID][]chan struct{}
	tally   tally
}

// NewStore returns an empty store.
func NewStore(l Limits) *Store {
	if l.Spans == 0 {
		l.Spans = 50_000
	}
	if l.Bytes == 0 {
		l.Bytes = 32 << 20
	}
	return &Store{limits: l, traces: map[ID]*entry{}, waiting: map[ID][]chan struct{}{}, tally: newTally()}
}

// Add keeps the spans of a protobuf ExportTraceServiceRequest that wire.Check
// took. Spans without valid ids are refused: how many, and what ailed the first.
func (s *Store) Add(request []byte) (refused int, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var touched []ID
	for from, raw := range scopes(request) {
		s.tally.from(from)
		for span := range spansOf(raw) {
			id, ok := span.check()
			if ok != "" {
				refused++
				if reason == "" {
					reason = ok
				}
				continue
			}
			s.keep(id, from, span)
			if len(s.waiting) > 0 && (len(touched) == 0 || touched[len(touched)-1] != id) {
				touched = append(touched, id)
			}
		}
	}
	s.shrink()
	for _, id := range touched {
		s.wake(id)
	}
	return refused, reason
}

// keep stores a span, unless its trace has grown to half of the store: one
// trace without end must not drive out all others.
func (s *Store) keep(id ID, from origin, span rawSpan) {
	s.tally.span()
	e := s.traces[id]
	if e == nil {
		e = &entry{id: id}
		s.traces[id] = e
		s.queue = append(s.queue, e)
		s.bytes += e.size()
	}
	if e.count >= s.limits.Spans/2 || e.size()+int64(len(span)) > s.limits.Bytes/2 {
		e.dropped++
		s.dropped++
		return
	}
	s.bytes -= e.size()
	e.add(from, span)
	s.bytes += e.size()
	s.spans++
}

// shrink drops the oldest traces until the rest is within the limits.
func (s *Store) shrink() {
	for s.head < len(s.queue) && (s.spans > s.limits.Spans || s.bytes > s.limits.Bytes) {
		e := s.queue[s.head]
		s.queue[s.head] = nil
		s.head++
		delete(s.traces, e.id)
		s.spans -= e.count
		s.bytes -= e.size()
		s.dropped += int64(e.count)
	}
	if s.head > len(s.queue)/2 {
		s.queue = slices.Clone(s.queue[s.head:])
		s.head = 0
	}
}

// Get returns what is known of a trace.
func (s *Store) Get(id ID) (Trace, bool) {
	s.mu.Lock()
	e := s.traces[id]
	if e == nil {
		s.mu.Unlock()
		return Trace{}, false
	}
	v := e.view()
	s.mu.Unlock()
	return v.decode(), true
}

// Wait returns the trace once settled says so, looking again whenever spans of
// it arrive; Whole is a usual choice. When ctx ends first it returns what there
// is and ctx's error.
func (s *Store) Wait(ctx context.Context, id ID, settled func(Trace) bool) (Trace, error) {
	arrived := make(chan struct{}, 1)
	s.mu.Lock()
	s.waiting[id] = append(s.waiting[id], arrived)
	s.mu.Unlock()
	defer s.forget(id, arrived)
	for {
		t, ok := s.Get(id)
		if ok && settled(t) {
			return t, nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return t, context.Cause(ctx)
		}
	}
}

func (s *Store) wake(id ID) {
	for _, c := range s.waiting[id] {
		select {
		case c <- struct{}{}:
		default: // it has not looked since the last time
		}
	}
}

func (s *Store) forget(id ID, arrived chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting[id] = slices.DeleteFunc(s.waiting[id], func(c chan struct{}) bool { return c == arrived })
	if len(s.waiting[id]) == 0 {
		delete(s.waiting, id)
	}
}
