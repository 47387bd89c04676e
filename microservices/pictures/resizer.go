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
	"github.com/jackc/pgx/v5/pgxpool"
	"google.golang.org/protobuf/proto"

	"triptych/domain/fault"
	"triptych/domain/picture"
	"triptych/internal/faults"
	"triptych/internal/kafka"
	"triptych/internal/news"
	"triptych/internal/postgres"
	eventsv1 "triptych/proto/events/v1"
	"triptych/store/pictures"
)

const (
	// maxAttempts is how often a picture is begun. One that ends the process
	// each time must not do so for ever.
	maxAttempts   = 3
	resizeTimeout = 30 * time.Second
	// calm is how long no picture is processed before memory is given back.
	calm = time.Second
)

// A resizer makes the sizes of pictures, one picture at a time in this process:
// a large one takes more than 150 MB.
type resizer struct {
	db      *pgxpool.Pool
	news    *news.News
	process func(original []byte) (map[picture.Size][]byte, error)

	alone sync.Mutex  // held while a picture is processed, whatever it was that brought it
	calm  *time.Timer // gives back what pictures leave behind, which is of no use to small requests
}

func newResizer(db *pgxpool.Pool, n *news.News, process func([]byte) (map[picture.Size][]byte, error)) *resizer {
	calm := time.AfterFunc(calm, debug.FreeOSMemory)
	calm.Stop()
	return &resizer{db: db, news: n, process: process, calm: calm}
}

// consumer has one attempt more than a picture, the one that gives it up: no
// picture is left processing for ever.
func (r *resizer) consumer() kafka.Consumer {
	return kafka.Consumer{
		Group:     "pictures",
		Topics:    []kafka.Topic{topic},
		Handle:    r.handle,
		Transient: postgres.Unavailable,
		Attempts:  maxAttempts + 1,
	}
}

// handle makes the sizes of a picture. It needs no inbox: a picture that is
// final stays so, and its message, come again, finds nothing to do.
func (r *resizer) handle(ctx context.Context, m kafka.Message) error {
	id, err := fromMessage(m)
	if err != nil {
		return err
	}
	r.alone.Lock()
	defer r.alone.Unlock()
	ctx, cancel := context.WithTimeout(ctx, resizeTimeout)
	defer cancel()
	if err := r.resize(ctx, id); err != nil {
		return fmt.Errorf("picture %s: %w", id, err)
	}
	r.news.Changed(id)
	return nil
}

func fromMessage(m kafka.Message) (uuid.UUID, error) {
	var uploaded eventsv1.PictureUploaded
	if want := string(uploaded.ProtoReflect().Descriptor().FullName()); m.Type != want {
		return uuid.Nil, fmt.Errorf("a message of type %q is not understood: want %s", m.Type, want)
	}
	if err := proto.Unmarshal(m.Value, &uploaded); err != nil {
		return uuid.Nil, fmt.Errorf("read message: %w", err)
	}
	id, err := uuid.Parse(uploaded.PictureId)
	if err != nil {
		err = fmt.Errorf("read message: picture_id: %w", err)
	}
	return id, err
}

func (r *resizer) resize(ctx context.Context, id uuid.UUID) error {
	original, attempt, err := pictures.Begin(ctx, r.db, id)
	if err != nil || original == nil {
		return err
	}
	if attempt > maxAttempts {
		return pictures.Fail(ctx, r.db, id, "internal", "the picture could not be processed", now())
	}
	jpegs, err := r.process(original)
	r.calm.Reset(calm)
	if err != nil {
		f := fault.From(err)
		if f.Kind == fault.Internal {
			slog.ErrorContext(ctx, "a picture broke the program that processes it", "picture", id, "err", err)
		}
		return pictures.Fail(ctx, r.db, id, f.Code, f.Detail, now())
	}
	return faults.Point(ctx, "pictures.finish", func(ctx context.Context) error {
		return postgres.InTx(ctx, r.db, func(tx pgx.Tx) error { return pictures.Finish(ctx, tx, id, jpegs, now()) })
	})
}
