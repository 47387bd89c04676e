package faults

import (
	"fmt"
	"maps"
	"sync"
	"time"
)

// A Switchboard says what goes wrong at which point of this process.
type Switchboard struct {
	mu      sync.Mutex
	waiting map[string][]planted
	hits    map[string]int64
}

// Enable lets faults be planted in this process, from now on, and returns its
// switchboard.
func Enable() *Switchboard {
	s := &Switchboard{waiting: map[string][]planted{}, hits: map[string]int64{}}
	if enabled.CompareAndSwap(nil, s) {
		return s
	}
	return enabled.Load()
}

// Plant has something go wrong at a point the next time it is reached, and once.
// Several at one point go wrong one after the other. stall is of Stall alone.
func (s *Switchboard) Plant(name string, kind Kind, stall time.Duration) error {
	switch {
	case name == "":
		return fmt.Errorf("plant a fault: no point is named")
	case kind < Exit || kind > ExitBefore:
		return fmt.Errorf("plant a fault at %s: there is no kind %d", name, kind)
	case (kind == Stall) != (stall > 0):
		return fmt.Errorf("plant a fault at %s: a stall takes a while, and nothing else does", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting[name] = append(s.waiting[name], planted{kind, stall})
	return nil
}

// Hits returns how often each point was reached.
func (s *Switchboard) Hits() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.hits)
}

// reach counts that a point was reached and takes what waits there.
func (s *Switchboard) reach(name string) (f planted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hits[name]++
	if w := s.waiting[name]; len(w) > 0 {
		f, s.waiting[name] = w[0], w[1:]
	}
	return f
}
