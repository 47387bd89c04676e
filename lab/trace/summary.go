package trace

import (
	"slices"
	"strings"
	"time"
)

// A Summary is a line about a trace.
type Summary struct {
	ID       ID
	Name     string // of its root
	Service  string // of its root
	Start    time.Time
	Duration time.Duration
	Spans    int
	Errors   int
	Services []string
}

// A Query selects traces.
type Query struct {
	Service string // one that took part; empty is any
	Name    string // of the root; empty is any
	Limit   int    // at most so many; zero is 20
}

// List returns the newest traces that q selects, the newest first.
func (s *Store) List(q Query) []Summary {
	if q.Limit == 0 {
		q.Limit = 20
	}
	s.mu.Lock()
	live := slices.Clone(s.queue[s.head:])
	s.mu.Unlock()
	var list []Summary
	for _, e := range slices.Backward(live) {
		if len(list) == q.Limit {
			break
		}
		if sum := s.summary(e); q.selects(sum) {
			list = append(list, sum)
		}
	}
	return list
}

func (q Query) selects(s Summary) bool {
	return (q.Service == "" || slices.Contains(s.Services, q.Service)) && (q.Name == "" || s.Name == q.Name)
}

// summary decodes without holding up those who add, and once as long as nothing
// new arrives.
func (s *Store) summary(e *entry) Summary {
	s.mu.Lock()
	v, known := e.view(), e.summary
	s.mu.Unlock()
	if known != nil && known.Spans == v.count {
		return *known
	}
	t := v.decode()
	sum := &Summary{ID: t.ID, Start: t.Start, Duration: t.Duration, Spans: v.count, Errors: t.Errors(), Services: t.Services()}
	if root := t.Root(); root != nil {
		sum.Name, sum.Service = root.Name, root.Service
	}
	s.mu.Lock()
	e.summary = sum
	s.mu.Unlock()
	return *sum
}

// A Tally is what a store has been given since it was made.
type Tally struct {
	Spans   int64
	Kept    int   // spans there are now
	Traces  int   // there are now
	Bytes   int64 // that they take, about
	Dropped int64 // spans driven out by newer ones, or of traces that are too large
}

// Tally returns how much has arrived.
func (s *Store) Tally() Tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Tally{s.tally.spans, s.spans, len(s.traces), s.bytes, s.dropped}
}

// A Service is a process name that spans came from.
type Service struct {
	Name  string
	Spans int64
	Last  time.Time // when the newest arrived
}

// Services returns who has sent spans since the store was made, by name.
func (s *Store) Services() []Service {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Service, 0, len(s.tally.services))
	for _, v := range s.tally.services {
		list = append(list, *v)
	}
	slices.SortFunc(list, func(a, b Service) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// maxServices bounds the tally: names are the senders' to choose.
const maxServices = 1000

type tally struct {
	spans    int64
	services map[string]*Service
	known    map[origin]*Service // so that a resource is decoded once
	current  *Service
}

func newTally() tally { return tally{services: map[string]*Service{}, known: map[origin]*Service{}} }

// from says where the next spans come from.
func (t *tally) from(o origin) {
	if t.current = t.known[o]; t.current == nil {
		if len(t.known) >= maxServices {
			clear(t.known)
		}
		t.current = t.service(service(decodeResource(o.Value().resource)))
		t.known[o] = t.current
	}
	t.current.Last = time.Now().UTC()
}

func (t *tally) service(name string) *Service {
	if v := t.services[name]; v != nil {
		return v
	}
	if len(t.services) >= maxServices {
		oldest := ""
		for n, v := range t.services {
			if oldest == "" || v.Last.Before(t.services[oldest].Last) {
				oldest = n
			}
		}
		delete(t.services, oldest)
		clear(t.known)
	}
	v := &Service{Name: name}
	t.services[name] = v
	return v
}

func (t *tally) span() {
	t.spans++
	t.current.Spans++
}
