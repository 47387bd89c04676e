package async

import (
	"context"
	"sync"
	"time"

	"go.etcd.io/bbolt"
)

// A lane is the events of one function. Only what is under way is in memory.
type lane struct {
	name     string
	queued   int
	next     time.Time // when something may be due; zero is never
	paused   time.Time // nothing is tried before
	allowed  int       // how many may be under way: fewer after a throttle
	well     int       // deliveries since allowed was changed
	underWay map[key]bool
	refused  map[key]bool // of those under way: throttled, which is not recorded yet
	stats    Stats
}

// lane returns that of a function. The caller holds the lock.
func (q *Queue) lane(name string) *lane {
	l := q.lanes[name]
	if l == nil {
		l = &lane{name: name, allowed: q.o.PerFunction, underWay: map[key]bool{}, refused: map[key]bool{}}
		q.lanes[name] = l
		q.order = append(q.order, l)
	}
	return l
}

// added notes an event that was stored.
func (q *Queue) added(name string, due time.Time) {
	q.mu.Lock()
	l := q.lane(name)
	l.queued++
	l.expect(due)
	q.mu.Unlock()
	q.look()
}

func (l *lane) expect(due time.Time) {
	if l.next.IsZero() || due.Before(l.next) {
		l.next = due
	}
}

// look has the events looked at that may be due.
func (q *Queue) look() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Run delivers events until ctx is done. Those under way then are finished, or
// kept if their delivery gives up; Run returns when they are. Run is called once
// at a time.
func (q *Queue) Run(ctx context.Context) error {
	var deliveries sync.WaitGroup
	defer deliveries.Wait()
	sweep := time.NewTicker(min(q.o.MaxMessageAge, time.Hour))
	defer sweep.Stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-sweep.C:
			if err := q.trimAll(); err != nil {
				q.warn.record.Warn("remove old messages", err)
			}
			continue
		case <-timer.C:
		case <-q.wake:
		}
		started, wait, err := q.start()
		if err != nil {
			q.warn.read.Warn("look for events that are due", err)
		}
		for _, j := range started {
			deliveries.Go(func() { q.deliver(ctx, j) })
		}
		timer.Reset(wait)
	}
}

// A job is one event that was taken for delivery.
type job struct {
	lane   *lane
	key    key
	shared bool // it takes one of the workers
}

// idle is how long Run waits when nothing is queued; it is woken anyway.
const idle = time.Hour

// start takes the events that are due and may be under way, one of each
// function in turn, and says when to look again.
func (q *Queue) start() (jobs []job, wait time.Duration, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := time.Now()
	err = q.db.View(func(tx *bbolt.Tx) error {
		for round := true; round; {
			round = false
			for i := range q.order {
				l := q.order[(q.turn+i)%len(q.order)]
				if j, ok := q.take(tx, l, now); ok {
					jobs = append(jobs, j)
					round = true
				}
			}
			if len(q.order) > 0 {
				q.turn = (q.turn + 1) % len(q.order)
			}
		}
		return nil
	})
	if err != nil {
		return jobs, time.Second, err
	}
	wait = idle
	for _, l := range q.order {
		if q.room(l) != none && !l.next.IsZero() {
			wait = min(wait, max(0, later(l.next, l.paused).Sub(now)))
		}
	}
	return jobs, wait, nil
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Whose room an event of a lane may take.
const (
	none   = iota
	itsOwn // each lane has room for one
	common
)

func (q *Queue) room(l *lane) int {
	switch n := len(l.underWay); {
	case n == 0:
		return itsOwn
	case n < l.allowed && q.shared < q.o.Workers:
		return common
	}
	return none
}

// take takes the first event of a lane, if it is due. Those under way are still
// in the store; there are few.
func (q *Queue) take(tx *bbolt.Tx, l *lane, now time.Time) (job, bool) {
	room := q.room(l)
	if room == none || l.next.IsZero() || l.next.After(now) || l.paused.After(now) {
		return job{}, false
	}
	lot, ok := lotOf(tx, l.name)
	if !ok {
		l.next = time.Time{}
		return job{}, false
	}
	c := lot.due.Cursor()
	for b, _ := c.First(); b != nil; b, _ = c.Next() {
		k := keyFrom(b)
		if l.underWay[k] {
			continue
		}
		if l.next = time.Unix(0, k.due); l.next.After(now) {
			return job{}, false
		}
		l.underWay[k] = true
		if room == common {
			q.shared++
		}
		return job{l, k, room == common}, true
	}
	l.next = time.Time{}
	return job{}, false
}

// ended notes that a delivery is over. When the event is still queued, again is
// when it is due.
func (q *Queue) ended(j job, again time.Time) {
	q.mu.Lock()
	delete(j.lane.underWay, j.key)
	delete(j.lane.refused, j.key)
	if j.shared {
		q.shared--
	}
	if again.IsZero() {
		j.lane.queued--
	} else {
		j.lane.expect(again)
	}
	q.mu.Unlock()
	q.look()
}

// throttled notes that a function could not be run: no more events of it are
// tried at a time than run now, and if that is none, none for a while. Those that
// were throttled at the same time do not run, although they are under way until
// that is recorded.
func (q *Queue) throttled(j job) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := j.lane
	l.refused[j.key] = true
	running := len(l.underWay) - len(l.refused)
	l.allowed, l.well = max(1, running), 0
	if running == 0 {
		l.paused = time.Now().Add(q.o.Waits.Throttled)
	}
}

// went notes that a function ran: after as many runs as may be under way, one
// more may.
func (q *Queue) went(l *lane) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l.well++; l.well >= l.allowed && l.allowed < q.o.PerFunction {
		l.allowed, l.well = l.allowed+1, 0
	}
}

// trimAll removes messages that are too old.
func (q *Queue) trimAll() error {
	infos, err := q.Queues()
	if err != nil {
		return err
	}
	for _, info := range infos {
		err := q.group.do(func(tx *bbolt.Tx) error {
			b, ok := boxOf(tx, info.Name)
			if !ok {
				return nil
			}
			_, err := b.trim(&q.o, time.Now())
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
