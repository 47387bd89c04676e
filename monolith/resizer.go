package main

import (
	"context"
	"log/slog"
	"maps"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/semaphore"

	"triptych/domain/fault"
	"triptych/domain/picture"
	"triptych/internal/news"
	"triptych/internal/postgres"
	"triptych/store/pictures"
)

const (
	// resizeMemory is how much memory pictures may take at once. One that takes
	// more by itself is processed alone.
	resizeMemory = 64 << 20
	// resizeAttempts is how often a picture is begun. A picture that ends the
	// process each time must not keep it from ever starting again.
	resizeAttempts = 3
	resizeRetry    = time.Second
	resizeTimeout  = 30 * time.Second
)

// A resizer makes the sizes of pictures, beside the requests: as many at once as
// their pixels leave room for, and on all processors but one. The database is
// its queue, so what waits takes no memory here, and what a crash interrupted
// is taken up again at the next start.
type resizer struct {
	db      *pgxpool.Pool
	news    *news.News
	process func(original []byte) (map[picture.Size][]byte, error)
	room    *semaphore.Weighted
	least   int64         // of room, that any picture takes
	woken   chan struct{} // holds one, for whoever wakes while nobody listens

	mu     sync.Mutex
	atWork map[uuid.UUID]bool
}

func newResizer(db *pgxpool.Pool, n *news.News, process func([]byte) (map[picture.Size][]byte, error)) *resizer {
	workers := max(1, runtime.GOMAXPROCS(0)-1)
	return &resizer{
		db:      db,
		news:    n,
		process: process,
		room:    semaphore.NewWeighted(resizeMemory),
		least:   resizeMemory / int64(workers),
		woken:   make(chan struct{}, 1),
		atWork:  map[uuid.UUID]bool{},
	}
}

// wake says that there may be something to do.
func (r *resizer) wake() {
	select {
	case r.woken <- struct{}{}:
	default:
	}
}

// run processes pictures until ctx is done, and returns when the last is.
func (r *resizer) run(ctx context.Context) error {
	var workers sync.WaitGroup
	defer workers.Wait()
	for used := int64(0); ; {
		jobs, err := pictures.Waiting(ctx, r.db, r.busy(), 16)
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "the queue of pictures cannot be read", "err", err)
			time.AfterFunc(resizeRetry, r.wake)
		}
		for _, job := range jobs {
			r.start(ctx, &workers, job)
			used += job.Memory
		}
		if len(jobs) > 0 && ctx.Err() == nil {
			continue // there may be more
		}
		if used > resizeMemory/2 && len(r.busy()) == 0 {
			debug.FreeOSMemory() // what photos leave behind is of no use to small requests
			used = 0
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.woken:
		}
	}
}

// start waits until there is room for a picture, and lets a worker have it.
func (r *resizer) start(ctx context.Context, workers *sync.WaitGroup, job pictures.Job) {
	room := min(max(job.Memory, r.least), resizeMemory)
	if r.room.Acquire(ctx, room) != nil {
		return // ctx is done
	}
	r.begin(job.ID)
	workers.Go(func() {
		r.handle(ctx, job.ID)
		r.room.Release(room)
		r.wake()
	})
}

// handle processes a picture. Whatever goes wrong that is not the picture's
// doing is tried again after a while.
func (r *resizer) handle(ctx context.Context, id uuid.UUID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resizeTimeout)
	defer cancel()
	if err := r.resize(ctx, id); err != nil {
		slog.ErrorContext(ctx, "a picture was not processed", "picture", id, "err", err)
		time.AfterFunc(resizeRetry, func() {
			r.end(id)
			r.wake()
		})
		return
	}
	r.end(id)
	r.news.Changed(id)
}

func (r *resizer) resize(ctx context.Context, id uuid.UUID) error {
	original, attempt, err := pictures.Begin(ctx, r.db, id)
	if err != nil || original == nil {
		return err
	}
	if attempt > resizeAttempts {
		return pictures.Fail(ctx, r.db, id, "internal", "the picture could not be processed", postgres.Now())
	}
	jpegs, err := r.process(original)
	if err != nil {
		f := fault.From(err)
		if f.Kind == fault.Internal {
			slog.ErrorContext(ctx, "a picture broke the program that processes it", "picture", id, "err", err)
		}
		return pictures.Fail(ctx, r.db, id, f.Code, f.Detail, postgres.Now())
	}
	return postgres.InTx(ctx, r.db, func(tx pgx.Tx) error {
		return pictures.Finish(ctx, tx, id, jpegs, postgres.Now())
	})
}

func (r *resizer) begin(id uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.atWork[id] = true
}

func (r *resizer) end(id uuid.UUID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.atWork, id)
}

func (r *resizer) busy() []uuid.UUID {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.atWork))
}
