package stats

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Figures are what the invocations of one version of a function came to since
// it was first invoked.
type Figures struct {
	Function    string    `json:"function"`
	Version     string    `json:"version"`
	Since       time.Time `json:"since"`
	Invocations uint64    `json:"invocations"` // that ran
	Errors      uint64    `json:"errors"`      // of them
	Timeouts    uint64    `json:"timeouts"`    // of the errors
	Throttles   uint64    `json:"throttles"`   // that a limit kept from running
	Failures    uint64    `json:"failures"`    // that did not run because something was broken
	ColdStarts  uint64    `json:"coldStarts"`
	ColdShare   float64   `json:"coldShare"`  // of the invocations, from 0 to 1
	GBSeconds   float64   `json:"gbSeconds"`  // billed time × memory
	PeakMemory  int       `json:"peakMemory"` // MB that a process has held
	Duration    Spread    `json:"duration"`   // of the function
	Answer      Spread    `json:"answer"`     // from the event's arrival to the answer
	Init        Spread    `json:"init"`       // of the cold starts
}

// A Spread is how long something took, in milliseconds. All but Mean and Max are
// at most 1.6 % off.
type Spread struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P95  float64 `json:"p95"`
	P99  float64 `json:"p99"`
	Max  float64 `json:"max"`
}

// Figures returns what was counted, by function and version.
func (l *Ledger) Figures() []Figures {
	l.mu.RLock()
	all := make([]Figures, 0, len(l.counters))
	for _, c := range l.counters {
		all = append(all, c.figures())
	}
	l.mu.RUnlock()
	slices.SortFunc(all, Compare)
	return all
}

// Compare orders figures by function, and by version in the order in which
// they were published, the latest first.
func Compare(a, b Figures) int {
	return cmp.Or(cmp.Compare(a.Function, b.Function), cmp.Compare(number(a.Version), number(b.Version)))
}

// number is a version's; $LATEST is before the first.
func number(version string) int {
	n, _ := strconv.Atoi(version)
	return n
}

func (c *Counter) figures() Figures {
	const gigabyteSecond = 1024 * 1000 // MB × ms
	s := c.look()
	f := Figures{
		Function:    c.name,
		Version:     c.version,
		Since:       s.Since,
		Invocations: s.Invocations,
		Errors:      s.Errors,
		Timeouts:    s.Timeouts,
		Throttles:   s.Throttles,
		Failures:    s.Failures,
		ColdStarts:  s.ColdStarts,
		GBSeconds:   float64(s.Billed) / gigabyteSecond,
		PeakMemory:  s.Peak,
		Duration:    s.Duration.spread(),
		Answer:      s.Answer.spread(),
		Init:        s.Init.spread(),
	}
	if s.Invocations > 0 {
		f.ColdShare = float64(s.ColdStarts) / float64(s.Invocations)
	}
	return f
}

func (h *histogram) spread() Spread {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return Spread{
		Mean: ms(h.mean()),
		P50:  ms(h.quantile(0.50)),
		P95:  ms(h.quantile(0.95)),
		P99:  ms(h.quantile(0.99)),
		Max:  ms(h.max),
	}
}
