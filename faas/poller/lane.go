package poller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"triptych/faas/mapping"
)

// A lane is one partition, as long as it is the member's own: its records in
// order, one batch after the other.
type lane struct {
	*poller
	source     source
	generation *kafka.Generation
	committed  int64                   // when the generation began; negative is nothing
	end        context.CancelCauseFunc // of the generation

	at      mapping.Partition
	records []record  // read and not done
	next    int64     // offset to read from
	since   time.Time // the first of records is waiting
}

func (p *poller) newLane(g *kafka.Generation, a kafka.PartitionAssignment, end context.CancelCauseFunc) *lane {
	return &lane{
		poller: p, generation: g, committed: a.Offset, end: end,
		source: source{p.brokers(), p.mapping.Topic, a.ID}, at: mapping.Partition{ID: a.ID},
	}
}

// run reads and delivers until ctx is done. What is under way then has a while to
// end.
func (l *lane) run(ctx context.Context) {
	if !l.busy.wait(ctx, l.source.partition) || !l.insist(ctx, func() error { return l.begin(ctx, l.committed) }) {
		return
	}
	l.at.Next = l.next
	for {
		batch, ok := l.gather(ctx)
		if !ok || !l.deliver(ctx, batch) {
			return
		}
	}
}

// gather makes a batch: as many records as it may have, or as a payload holds, or
// those that have come by the end of the window.
func (l *lane) gather(ctx context.Context) (portion, bool) {
	for {
		l.progress.At(l.at)
		wait := idleWait
		if len(l.records) > 0 {
			n := l.source.fit(l.records, l.mapping.BatchSize)
			wait = min(wait, time.Until(l.since.Add(l.mapping.Window)))
			if n == l.mapping.BatchSize || n < len(l.records) || wait <= 0 {
				return l.take(n), true
			}
		}
		if !l.insist(ctx, func() error { return l.fetch(ctx, wait) }) {
			return portion{}, false
		}
		if l.since.IsZero() && len(l.records) > 0 {
			l.since = time.Now()
		}
	}
}

func (l *lane) take(n int) portion {
	batch := portion{records: l.records[:n:n], due: l.since}
	l.records, l.since = l.records[n:], time.Now()
	if len(l.records) == 0 {
		l.records, l.since = nil, time.Time{}
	}
	return batch
}

// insist does something at the broker until it succeeds, or ctx is done.
func (l *lane) insist(ctx context.Context, do func() error) bool {
	for failures := 0; ; {
		err := do()
		if ctx.Err() != nil {
			return false
		}
		if errors.Is(err, kafka.OffsetOutOfRange) {
			err = l.skip(ctx)
		}
		if err == nil {
			l.well()
			return true
		}
		if failures++; failures > hopeful {
			l.problem(fmt.Sprintf("the partition %s cannot be read: %v", l.source.key(), err))
			l.warn.Warn("a partition that a function is mapped to cannot be read", err)
			l.network.forget()
		}
		if !sleep(ctx, l.Waits.after(failures)) {
			return false
		}
	}
}

// skip goes on with the oldest record there is, when those that come next are
// gone: removed by their age, or with a topic that was made anew.
func (l *lane) skip(ctx context.Context) error {
	first, err := l.ask(ctx, kafka.FirstOffsetOf(l.source.partition))
	if err != nil {
		return err
	}
	slog.WarnContext(ctx, "records that a function is mapped to are gone", "partition", l.source.key(), "from", l.next, "to", first, "mapping", l.mapping.ID)
	l.next = first
	return nil
}

// commit tells the broker that all records below an offset are done. When it does
// not take that, the generation is over: another has the partition, or the member
// has to find the broker anew. What was not committed is read again.
func (l *lane) commit(offset int64) error {
	err := l.generation.CommitOffsets(map[string]map[int]int64{l.source.topic: {l.source.partition: offset}})
	if err != nil {
		l.end(fmt.Errorf("commit %s at %d: %w", l.source.key(), offset, err))
		return err
	}
	l.at.Next = offset
	l.at.End = max(l.at.End, offset)
	l.progress.At(l.at)
	return nil
}

// problem says what keeps the next records from being processed.
func (l *lane) problem(what string) {
	l.at.Problem = what
	l.progress.At(l.at)
}

// well says that nothing does.
func (l *lane) well() {
	if l.at.Problem != "" {
		l.problem("")
	}
}

// A busy knows which partitions have a batch under way that nobody waits for any
// more. The next waits for its end.
type busy struct {
	mu    sync.Mutex
	until map[int]<-chan struct{}
}

func (b *busy) put(partition int, until <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.until == nil {
		b.until = map[int]<-chan struct{}{}
	}
	b.until[partition] = until
}

// wait reports whether it did so to the end.
func (b *busy) wait(ctx context.Context, partition int) bool {
	b.mu.Lock()
	until := b.until[partition]
	delete(b.until, partition)
	b.mu.Unlock()
	if until == nil {
		return ctx.Err() == nil
	}
	select {
	case <-until:
		return true
	case <-ctx.Done():
		b.put(partition, until)
		return false
	}
}
