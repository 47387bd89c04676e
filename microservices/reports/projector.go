package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"triptych/internal/faults"
	"triptych/internal/inbox"
	"triptych/internal/kafka"
	"triptych/internal/postgres"
	"triptych/store/reports"
)

// A projector applies the events of orders to the projection.
//
// Each generation of the projection is read from the log by a consumer group of
// its own, which begins at the start of the log: that is all there is to making
// the projection again.
type projector struct {
	db    *pgxpool.Pool
	log   *kafka.Client
	topic kafka.Topic
	name  string                          // of the consumer groups
	moved chan struct{}                   // has something in it when there is another generation
	delay func(attempt int) time.Duration // between attempts at a message; nil: the consumer's
}

func newProjector(db *pgxpool.Pool, log *kafka.Client) *projector {
	return &projector{db: db, log: log, topic: orders, name: "reports", moved: make(chan struct{}, 1)}
}

// group is the consumer group of a generation: reports, reports-2 and so on. The
// names of its retry topic and its dead letters begin with it.
func (p *projector) group(generation int) string {
	if generation == 1 {
		return p.name
	}
	return fmt.Sprintf("%s-%d", p.name, generation)
}

// run keeps the projection up to date until ctx is done.
func (p *projector) run(ctx context.Context) error {
	for ctx.Err() == nil {
		generation, err := reports.Generation(ctx, p.db)
		if err != nil {
			return fmt.Errorf("read the projection's generation: %w", err)
		}
		if err := p.project(ctx, generation); err != nil {
			return err
		}
	}
	return nil
}

// project reads the log for a generation until there is another.
func (p *projector) project(ctx context.Context, generation int) error {
	ctx, end := context.WithCancel(ctx)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer end()
		return p.log.Consume(ctx, kafka.Consumer{
			Group:     p.group(generation),
			Topics:    []kafka.Topic{p.topic},
			Handle:    func(ctx context.Context, m kafka.Message) error { return p.handle(ctx, generation, m) },
			Transient: func(err error) bool { return postgres.Unavailable(err) || errors.Is(err, errMoved) },
			Delay:     p.delay,
		})
	})
	g.Go(func() error {
		defer end()
		select {
		case <-p.moved:
		case <-ctx.Done():
		}
		return nil
	})
	return g.Wait()
}

// errMoved says that another process has begun the projection anew.
var errMoved = errors.New("there is another generation of the projection")

// handle applies a message, once. Types that it does not know, as those that
// say nothing of sales, it leaves alone: new ones must not stop old programs.
func (p *projector) handle(ctx context.Context, generation int, m kafka.Message) error {
	apply, ok := events[m.Type]
	if !ok {
		return nil
	}
	err := faults.Point(ctx, "reports.apply", func(ctx context.Context) error {
		return postgres.InTx(ctx, p.db, func(tx pgx.Tx) error {
			now, err := reports.Hold(ctx, tx)
			if err != nil {
				return err
			}
			if now != generation {
				return errMoved
			}
			first, err := inbox.First(ctx, tx, p.group(generation), m.ID)
			if err != nil || !first {
				return err
			}
			if err := apply(ctx, tx, m); err != nil {
				return err
			}
			return reports.Applied(ctx, tx, m.Partition, m.Time)
		})
	})
	if errors.Is(err, errMoved) {
		p.move()
	}
	if err != nil {
		return fmt.Errorf("apply %s %s: %w", m.Type, m.ID, err)
	}
	return nil
}

// rebuild throws the projection away and has it made again.
func (p *projector) rebuild(ctx context.Context) error {
	err := postgres.InTx(ctx, p.db, func(tx pgx.Tx) error {
		// What was handled may be much; nobody waits for these rows.
		if _, err := tx.Exec(ctx, `SET LOCAL statement_timeout = '1min'`); err != nil {
			return err
		}
		generation, err := reports.Clear(ctx, tx)
		if err != nil {
			return err
		}
		return inbox.Clear(ctx, tx, p.group(generation-1))
	})
	if err != nil {
		return fmt.Errorf("clear the projection: %w", err)
	}
	p.move()
	return nil
}

// move has run go on to the next generation.
func (p *projector) move() {
	select {
	case p.moved <- struct{}{}:
	default: // it has been told
	}
}
