package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"triptych/internal/faults"
	"triptych/internal/kafka"
	"triptych/internal/postgres"
	"triptych/internal/telemetry"
)

const (
	batch    = 500
	lock     = 0x6f7574626f78 // "outbox", the number of an advisory lock of this database
	soon     = 200 * time.Millisecond
	seldom   = time.Second
	active   = 5 * time.Second       // after something was sent, look soon
	together = 20 * time.Millisecond // once there is something, for what comes with it
	shortly  = 100 * time.Millisecond
	longest  = 5 * time.Second // between attempts when something is down

	// batchTimeout is for publishing and what is around it. The database would
	// end a transaction that is idle for ten seconds.
	batchTimeout = 8 * time.Second
)

// A Relay sends events.
type Relay struct {
	db      *pgxpool.Pool
	to      *kafka.Client
	wake    chan struct{}
	trouble telemetry.Seldom
}

// NewRelay returns a relay from a database to a log.
func NewRelay(db *pgxpool.Pool, to *kafka.Client) *Relay {
	return &Relay{db: db, to: to, wake: make(chan struct{}, 1)}
}

// Wake says that there may be something to send: call it after committing what
// Add was called in. Without, it is found a little later.
func (r *Relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default: // it is awake
	}
}

// Run sends events until ctx is done, once the log has its topics. Of several
// relays of one database one works at a time.
func (r *Relay) Run(ctx context.Context) error {
	// Waited for here, a log that is away keeps no transaction waiting.
	if err := r.to.Ready(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	var sent time.Time // when something was sent last
	pause := shortly
	for ctx.Err() == nil {
		n, err := r.once(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			r.trouble.Warn("sending events waits", err)
			wait(ctx, nil, pause)
			pause = min(2*pause, longest)
			continue
		case n > 0:
			sent = time.Now()
		}
		pause = shortly
		if n == batch {
			continue
		}
		look := seldom
		if time.Since(sent) < active {
			look = soon
		}
		wait(ctx, r.wake, look)
		r.gather(ctx)
	}
	return nil
}

// gather waits a little for what comes with the first event: a round costs six
// round trips, and things that happen to one order come close together.
func (r *Relay) gather(ctx context.Context) {
	wait(ctx, nil, together)
	select {
	case <-r.wake: // what it was for is going to be seen
	default:
	}
}

func wait(ctx context.Context, wake <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-t.C:
	}
}

// once sends a batch, unless there is none or another relay is at it, and
// returns its size. It finishes what it has begun when ctx ends.
func (r *Relay) once(ctx context.Context) (n int, err error) {
	var waiting bool
	err = r.db.QueryRow(ctx, `SELECT EXISTS (SELECT FROM outbox)`).Scan(&waiting)
	if err != nil || !waiting {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), batchTimeout)
	defer cancel()
	err = postgres.InTx(ctx, r.db, func(tx pgx.Tx) error {
		n, err = r.send(ctx, tx)
		return err
	})
	return n, err
}

// send publishes before it commits, the exception to the rule that a transaction
// has SQL in it and nothing else: so a crash in between sends a batch twice, and
// never loses one. Consumers must tolerate repeats. The lock keeps a second
// relay from overtaking this one and reordering the events of a key.
func (r *Relay) send(ctx context.Context, tx pgx.Tx) (int, error) {
	var mine bool
	// Losing the deletion in a crash costs a repeat, so it need not wait for
	// the disk.
	err := tx.QueryRow(ctx, `
		SELECT pg_try_advisory_xact_lock($1) FROM set_config('synchronous_commit', 'off', true)`, lock).Scan(&mine)
	if err != nil || !mine {
		return 0, err
	}
	ids, messages, err := read(ctx, tx)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	err = faults.Point(ctx, "outbox.sent", func(ctx context.Context) error {
		return r.to.Publish(ctx, messages...)
	})
	if err != nil {
		return 0, err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM outbox WHERE id = ANY($1)`, ids); err != nil {
		return 0, fmt.Errorf("delete what was sent: %w", err)
	}
	return len(ids), nil
}

// read returns what there is. Numbers are handed out before commit, so a lower
// one may appear later: whatever is there is sent, and what was sent is deleted.
func read(ctx context.Context, tx pgx.Tx) (ids []int64, messages []kafka.Message, err error) {
	rows, err := tx.Query(ctx, `
		SELECT id, event_id, aggregatetype, aggregateid, type, payload, traceparent, tracestate, at
		FROM outbox ORDER BY id LIMIT $1`, batch)
	if err != nil {
		return nil, nil, err
	}
	var id int64
	var event uuid.UUID
	var parent, state string
	m := kafka.Message{Attempt: 1}
	_, err = pgx.ForEachRow(rows, []any{&id, &event, &m.Topic, &m.Key, &m.Type, &m.Value, &parent, &state, &m.Time}, func() error {
		m := m
		m.ID = event
		m.Trace = map[string]string{"traceparent": parent, "tracestate": state}
		ids, messages = append(ids, id), append(messages, m)
		return nil
	})
	return ids, messages, err
}
