package main

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"triptych/store/reports"
)

// A report is fresh in one of two ways. When everything in the log was applied
// it is as of now, however long ago the last event was. When not, it is as of
// the last event applied in that part of the log which has come least far: what
// happened later may be missing.
//
// Neither knows of events that are not in the log yet, or that are among the
// dead letters.

// A look is what is known of how far a generation has come: when it had applied
// all there was, or the zero time.
type look struct {
	generation int
	caughtUp   time.Time
}

// What was applied counts as read only a little later, with what else is
// applied until then. So who looks has some patience, also with a broker that
// does not answer: that is no reason to answer nothing.
const (
	lookAgain = 30 * time.Millisecond
	patience  = 500 * time.Millisecond
)

// look asks the log how far the projection has come.
func (s *server) look(ctx context.Context) (l look, err error) {
	if l.generation, err = reports.Generation(ctx, s.db); err != nil {
		return l, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		now := time.Now()
		lag, err := s.log.Lag(ctx, s.projector.group(l.generation), s.projector.topic.Name)
		if err == nil && lag == 0 {
			l.caughtUp = now
			return l, nil
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return l, nil
		}
	}
}

// asOf returns the time until which the projection, as tx sees it, is whole. The
// Unix epoch says that nothing is known to be.
func (s *server) asOf(ctx context.Context, tx pgx.Tx, l look) (time.Time, error) {
	generation, err := reports.Generation(ctx, tx)
	if err != nil {
		return time.Time{}, err
	}
	if generation == l.generation && !l.caughtUp.IsZero() {
		return l.caughtUp, nil
	}
	progress, err := reports.Progress(ctx, tx)
	if err != nil || len(progress) < s.projector.topic.Partitions {
		return time.Unix(0, 0), err
	}
	least := time.Now()
	for _, at := range progress {
		if at.Before(least) {
			least = at
		}
	}
	return least, nil
}
