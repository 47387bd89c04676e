package measure

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// A Tally is what happened in a phase.
type Tally struct {
	Done int
	Took time.Duration
	// Times are how long each took, sorted: by Loop from when it was begun, by
	// Arrivals from when it should have begun.
	Times []time.Duration
	// Late is, of Arrivals, how much later than it should the one was begun that
	// was begun latest. It is the fault of what measures, not of the shop, and
	// in Times all the same.
	Late time.Duration
}

func newTally(began time.Time, times []time.Duration) Tally {
	slices.Sort(times)
	return Tally{Done: len(times), Took: time.Since(began), Times: times}
}

// Rate is how much was done in a second.
func (t Tally) Rate() float64 { return float64(t.Done) / t.Took.Seconds() }

// Quantile returns the time that a share q of all did not exceed: the smallest
// of those that are at least as long as so many.
func (t Tally) Quantile(q float64) time.Duration {
	if len(t.Times) == 0 {
		return 0
	}
	return t.Times[min(len(t.Times)-1, max(0, ceil(q*float64(len(t.Times)))-1))]
}

func ceil(f float64) int {
	n := int(f)
	if float64(n) < f {
		n++
	}
	return n
}

// Loop has customers act, each as soon as their last action has ended, for a
// while. The first action that is not answered as it should be ends it: what
// fails is not measured.
func (s *Shop) Loop(ctx context.Context, customers int, during time.Duration, act func(c *Customer) error) (Tally, error) {
	g, ctx := errgroup.WithContext(ctx)
	times := make([][]time.Duration, customers)
	began := time.Now()
	end := began.Add(during)
	for i := range customers {
		g.Go(func() error {
			c, err := s.Dial(ctx)
			if err != nil {
				return err
			}
			defer c.Close()
			for ctx.Err() == nil {
				from := time.Now()
				if from.After(end) {
					return nil
				}
				if err := act(c); err != nil {
					return err
				}
				times[i] = append(times[i], time.Since(from))
			}
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return Tally{}, err
	}
	return newTally(began, slices.Concat(times...)), nil
}

// A schedule says when each of many things is to begin: at a constant rate,
// whatever becomes of those before it.
type schedule struct {
	begin time.Time
	rate  int // in a second
}

func (s schedule) at(n int) time.Time {
	return s.begin.Add(time.Duration(n) * time.Second / time.Duration(s.rate))
}

// count is how many begin within a while.
func (s schedule) count(during time.Duration) int {
	return int((during*time.Duration(s.rate) + time.Second - 1) / time.Second)
}

// Arrivals has customers act at a constant rate for a while, each one act. Who
// comes does not know how those fare who came before: when the shop stalls, a
// queue forms as it would in earnest, and all who stand in it are slow. In Loop,
// nobody would come meanwhile, and nearly nobody would have waited.
func (s *Shop) Arrivals(ctx context.Context, rate int, during time.Duration, act func(c *Customer) error) (Tally, error) {
	there := &customers{dial: s.Dial}
	defer there.leave()
	return arrivals(ctx, schedule{time.Now().Add(10 * time.Millisecond), rate}, during, func(ctx context.Context) error {
		c, err := there.next(ctx)
		if err != nil {
			return err
		}
		if err := act(c); err != nil {
			c.Close()
			return err
		}
		there.done(c)
		return nil
	})
}

func arrivals(ctx context.Context, s schedule, during time.Duration, act func(context.Context) error) (Tally, error) {
	g, ctx := errgroup.WithContext(ctx)
	times := make([]time.Duration, s.count(during))
	var late time.Duration
	for n := range times {
		due := s.at(n)
		select {
		case <-time.After(time.Until(due)):
		case <-ctx.Done():
			return Tally{}, cmp.Or(g.Wait(), ctx.Err())
		}
		late = max(late, time.Since(due))
		g.Go(func() error {
			err := act(ctx)
			times[n] = time.Since(due)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return Tally{}, err
	}
	t := newTally(s.begin, times)
	t.Late = late
	return t, nil
}

// customers are those who are there and have nothing to do.
type customers struct {
	dial func(context.Context) (*Customer, error)

	mu   sync.Mutex
	idle []*Customer
}

// next returns one who is there, or a new one.
func (s *customers) next(ctx context.Context) (*Customer, error) {
	s.mu.Lock()
	if n := len(s.idle); n > 0 {
		defer s.mu.Unlock()
		c := s.idle[n-1]
		s.idle = s.idle[:n-1]
		return c, nil
	}
	s.mu.Unlock()
	return s.dial(ctx)
}

func (s *customers) done(c *Customer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle = append(s.idle, c)
}

func (s *customers) leave() {
	for _, c := range s.idle {
		c.Close()
	}
}
