package mapping

import (
	"cmp"
	"maps"
	"slices"
	"sync"
)

// What a mapping says of its records when nothing keeps them from being
// processed.
const (
	NoRecords = "No records processed"
	OK        = "OK"
	problem   = "PROBLEM: " // before what does
)

// A Progress is where what runs for a mapping says how far it is. It may be used
// from several goroutines.
type Progress struct {
	mu         sync.Mutex
	done       bool   // some records were processed
	source     string // what keeps the topic from being read
	partitions map[int]Partition
	first      func() // called once, when it is known whether the topic can be read
}

// A Partition says how far a partition has been read, by this mapping.
type Partition struct {
	ID      int
	Next    int64  // the offset of the first record that is not done
	End     int64  // the offset that the next record to be written gets, as it was seen last
	Problem string // what keeps its next records from being processed; empty is nothing
}

// Lag is how many records are not done.
func (p Partition) Lag() int64 { return max(0, p.End-p.Next) }

// NewProgress returns a progress that calls first, unless it is nil, once it is known
// whether the topic can be read.
func NewProgress(first func()) *Progress {
	return &Progress{partitions: map[int]Partition{}, first: first}
}

// Source says what keeps the topic from being read, in a sentence; when it is
// empty, nothing.
func (p *Progress) Source(problem string) {
	p.mu.Lock()
	p.source = problem
	first := p.first
	p.first = nil
	p.mu.Unlock()
	if first != nil {
		first()
	}
}

// Done says that records were processed.
func (p *Progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = true
}

// At notes how far a partition has been read.
func (p *Progress) At(partition Partition) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.partitions[partition.ID] = partition
}

// Left says that no partition is read any more.
func (p *Progress) Left() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.partitions)
}

// Partitions are those that are being read, by their numbers.
func (p *Progress) Partitions() []Partition {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.list()
}

func (p *Progress) list() []Partition {
	return slices.SortedFunc(maps.Values(p.partitions), func(a, b Partition) int { return cmp.Compare(a.ID, b.ID) })
}

// Result is how the records fared last, as Lambda's LastProcessingResult says it.
func (p *Progress) Result() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.source != "" {
		return problem + p.source
	}
	for _, partition := range p.list() {
		if partition.Problem != "" {
			return problem + partition.Problem
		}
	}
	if p.done {
		return OK
	}
	return NoRecords
}
