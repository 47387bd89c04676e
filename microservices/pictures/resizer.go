package main

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"triptych/domain/fault"
	"triptych/domain/picture"
	"triptych/internal/faults"
	"triptych/internal/kafka"
	"triptych/internal/postgres"
	eventsv1 "triptych/proto/events/v1"
	"triptych/store/pictures"
)

const (
	// maxAttempts is how often a picture is begun. One that ends the process
	// each time must not do so for ever. A few are for processes that come and
	// go: a picture at work is begun again by whoever gets its partition.
	maxAttempts = 5
	retryDelay  = 2 * time.Second
	// calm is how long no picture is processed before memory is given back.
	calm = time.Second
)

// A resizer makes the sizes of pictures, one picture at a time in this process:
// a large one takes more than 150 MB.
type resizer struct {
	*server
	process func(original []byte) (map[picture.Size][]byte, error)

	alone sync.Mutex  // held while a picture is processed: what is tried again comes beside what is new
	calm  *time.Timer // gives back the memory that large pictures leave behind
}

func newResizer(s *server) *resizer {
	r := &resizer{server: s, process: picture.Process, calm: time.AfterFunc(calm, debug.FreeOSMemory)}
	r.calm.Stop()
	return r
}

// consumer has one attempt more than a picture, the one that gives it up: no
// picture is left processing for ever.
func (r *resizer) consumer() kafka.Consumer {
	return kafka.Consumer{
		Group:     r.group,
		Topics:    []kafka.Topic{r.topic},
		Handle:    r.handle,
		Transient: postgres.Unavailable,
		Attempts:  maxAttempts + 1,
		Delay:     func(int) time.Duration { return retryDelay },
	}
}

// handle makes the sizes of a picture. It needs no inbox: a picture that is
// final stays so, and its message, come again, finds nothing to do.
func (r *resizer) handle(ctx context.Context, m kafka.Message) error {
	var uploaded eventsv1.PictureUploaded
	if err := m.Unmarshal(&uploaded); err != nil {
		return err
	}
	id, err := uuid.Parse(uploaded.PictureId)
	if err != nil {
		return err
	}
	r.alone.Lock()
	defer r.alone.Unlock()
	if err := r.resize(ctx, id); err != nil {
		return fmt.Errorf("picture %s: %w", id, err)
	}
	r.news.Changed(id)
	return nil
}

func (r *resizer) resize(ctx context.Context, id uuid.UUID) error {
	original, attempt, err := pictures.Begin(ctx, r.db, id)
	if err != nil || original == nil {
		return err
	}
	if attempt > maxAttempts {
		return pictures.Fail(ctx, r.db, id, "internal", "the picture could not be processed", postgres.Now())
	}
	jpegs, err := r.process(original)
	r.calm.Reset(calm)
	if err != nil {
		f := fault.From(err)
		if f.Kind == fault.Internal {
			slog.ErrorContext(ctx, "a picture broke the program that processes it", "picture", id, "err", err)
		}
		return pictures.Fail(ctx, r.db, id, f.Code, f.Detail, postgres.Now())
	}
	return faults.Point(ctx, "pictures.finish", func(ctx context.Context) error {
		return postgres.InTx(ctx, r.db, func(tx pgx.Tx) error { return pictures.Finish(ctx, tx, id, jpegs, postgres.Now()) })
	})
}
