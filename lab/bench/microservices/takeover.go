package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"triptych/lab/bench/measure"
	"triptych/lab/launch"
)

// The consumer that is killed is one of two processes of reports. It says in its
// table how far it has come with each part of the log.
const (
	consumer = "reports"
	killed   = consumer + "-2"
	parts    = 6
)

// takeover measures how long a share of the log is not read when the process that
// reads it is killed, from the kill until something that happened after it was
// applied, in each of that process's parts. Customers buy all the time.
func (b *bench) takeover(ctx context.Context) error {
	r, s, err := b.services(ctx, "takeover", func(o *launch.Options) { o.Instances = map[string]int{consumer: 2} })
	if err != nil {
		return err
	}
	defer r.stop()
	if err := b.warm(ctx, &r, b.load); err != nil {
		return err
	}
	db, err := pgx.Connect(ctx, s.AdminURL(consumer))
	if err != nil {
		return err
	}
	defer db.Close(context.WithoutCancel(ctx))
	b.say("\nOne of two processes of %s is killed, with kill -9\n\n", consumer)
	measure.Row(b.out, "kill", "taken over", "its share")
	g, ctx := errgroup.WithContext(ctx)
	buying, stop := context.WithCancel(ctx)
	g.Go(func() error {
		_, err := r.orders(buying, b.load, 24*time.Hour)
		if buying.Err() != nil && ctx.Err() == nil {
			return nil // it is over
		}
		return err
	})
	g.Go(func() error {
		defer stop()
		return b.kills(ctx, s, db)
	})
	return g.Wait()
}

func (b *bench) kills(ctx context.Context, s *launch.Services, db *pgx.Conn) error {
	var all []float64
	for n := range b.takeovers {
		took, share, err := b.kill(ctx, s, db)
		if err != nil {
			return err
		}
		measure.Row(b.out, n+1, seconds(took)+" s", fmt.Sprintf("%d of %d", share, parts))
		all = append(all, took.Seconds())
	}
	b.found("a share is taken over, seconds", measure.Hundredths, "7 at most", all...)
	return nil
}

// stalled is longer than nothing comes in a part while customers buy.
const stalled = 2 * time.Second

// shared is how long two processes need at the most to share the log, once both
// are ready.
const shared = 5 * time.Second

// kill kills one of the two, and says how long it was until the other had it all,
// and of how many parts the share was: those that stalled.
func (b *bench) kill(ctx context.Context, s *launch.Services, db *pgx.Conn) (took time.Duration, share int, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, fmt.Errorf("nobody has taken the share over within a minute"))
	defer cancel()
	if err := s.Await(ctx); err != nil {
		return 0, 0, err
	}
	if err := pause(ctx, shared); err != nil {
		return 0, 0, err
	}
	began := time.Now()
	release := s.Hold(killed)
	defer release()
	resumed := map[int]time.Duration{}
	for len(resumed) < parts {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return 0, 0, context.Cause(ctx)
		}
		progress, err := progress(ctx, db)
		if err != nil {
			return 0, 0, err
		}
		for part, at := range progress {
			if _, seen := resumed[part]; !seen && at.After(began) {
				resumed[part] = time.Since(began)
			}
		}
	}
	for _, after := range resumed {
		took = max(took, after)
		if after > stalled {
			share++
		}
	}
	if share == 0 {
		return 0, 0, fmt.Errorf("%s had no share of the log when it was killed", killed)
	}
	return took, share, nil
}

// progress is the time of the last event applied, by the part of the log.
func progress(ctx context.Context, db *pgx.Conn) (map[int]time.Time, error) {
	rows, err := db.Query(ctx, `SELECT part, at FROM sales_progress`)
	if err != nil {
		return nil, err
	}
	found := map[int]time.Time{}
	var part int
	var at time.Time
	_, err = pgx.ForEachRow(rows, []any{&part, &at}, func() error {
		found[part] = at
		return nil
	})
	return found, err
}
