package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
	longestCause = 4 << 10 // of a reason, in bytes
)

// handle handles a message, however long that takes, and reports whether it is
// done with it: only the end of ctx leaves one to be read again.
func (s *stream) handle(ctx context.Context, w kafka.Message) bool {
	retry := s.group != s.consumer.Group
	if !retry {
		fresh(&w)
	}
	m := decode(w)
	if retry && !s.awaitTurn(ctx, w, m.Attempt) {
		return false
	}
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := s.attempt(ctx, m)
		if err != nil && !s.consumer.Transient(err) && !stopped(ctx, err) {
			err = s.setAside(ctx, w, m, err)
		}
		if err == nil {
			return true
		}
		if pause > firstPause { // once is nothing
			s.trouble.Warn("handling a message waits for what cannot be reached", err)
		}
		if !s.wait(ctx, pause) {
			return false
		}
	}
}

// awaitTurn waits until a message may be tried again: not longer than it was put
// off, even if whoever did so has another idea of what time it is.
func (s *stream) awaitTurn(ctx context.Context, w kafka.Message, attempt int) bool {
	at, err := time.Parse(time.RFC3339Nano, header(w, headerNotBefore))
	if err != nil || !at.After(time.Now()) {
		return true
	}
	longest := s.consumer.Delay(max(min(attempt, s.consumer.Attempts)-1, 1))
	return s.wait(ctx, min(time.Until(at), longest))
}

// wait waits with a message at hand, of which those before it need not know.
func (s *stream) wait(ctx context.Context, d time.Duration) bool {
	s.commit(ctx)
	return sleep(ctx, d)
}

// stopped reports whether err is of a call that was cut off at the end of ctx.
func stopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

// attempt calls Handle once. When ctx is done it has some time left to finish.
func (s *stream) attempt(ctx context.Context, m Message) (err error) {
	ctx, cancel := lasting(ctx, s.consumer.Timeout)
	defer cancel()
	ctx, end := s.client.startProcess(ctx, s.consumer.Group, m)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
		end(err)
	}()
	return s.consumer.Handle(ctx, m)
}

// lasting returns a context that outlives ctx by the grace, and ends after limit.
func lasting(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	late := time.AfterFunc(limit, cancel)
	stop := context.AfterFunc(ctx, func() { late.Reset(grace) })
	return longer, func() {
		stop()
		late.Stop()
		cancel()
	}
}

// setAside sends a message that cannot be handled to where it does not hold up
// those behind it. It is durable there before it counts as done here.
func (s *stream) setAside(ctx context.Context, w kafka.Message, m Message, cause error) error {
	ctx, cancel := lasting(ctx, s.consumer.Timeout)
	defer cancel()
	aside := kafka.Message{Value: w.Value, Key: w.Key, Headers: append([]kafka.Header(nil), w.Headers...)}
	set(&aside, headerGroup, s.consumer.Group)
	set(&aside, headerReason, reason(cause))
	set(&aside, headerTopic, m.Topic)
	set(&aside, headerPartition, strconv.Itoa(m.Partition))
	set(&aside, headerOffset, strconv.FormatInt(m.Offset, 10))
	if m.Attempt < s.consumer.Attempts {
		aside.Topic = s.consumer.Group + retrySuffix
		set(&aside, headerAttempt, strconv.Itoa(m.Attempt+1))
		set(&aside, headerNotBefore, time.Now().Add(s.consumer.Delay(m.Attempt)).UTC().Format(time.RFC3339Nano))
	} else {
		bury(&aside, s.consumer.Group, m)
	}
	log := slog.With("topic", aside.Topic, "message", m.ID, "type", m.Type, "attempt", m.Attempt)
	if err := write(ctx, s.client.aside, []kafka.Message{aside}); err != nil {
		return err
	}
	log.WarnContext(traced(ctx, m), "a message could not be handled", "err", cause)
	return nil
}

// reason is what a letter says of an error, on a header that must not grow.
func reason(err error) string {
	s := err.Error()
	if len(s) > longestCause {
		s = strings.ToValidUTF8(s[:longestCause], "") + "…"
	}
	return s
}
