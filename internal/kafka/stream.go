package kafka

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"

	"triptych/internal/telemetry"
)

// What was handled is committed when so much has gathered, or after so long: a
// commit is a round trip, and what is read again after a crash has to be known
// again anyway.
const (
	commitAfter = 100
	commitDelay = 50 * time.Millisecond
)

const (
	watchInterval = 5 * time.Second  // of a reader that gives nothing
	commitTimeout = 3 * time.Second  // kafka-go itself would wait for the next generation
	closeTimeout  = 5 * time.Second  // of a reader whose broker is away
	grace         = 10 * time.Second // for the message at hand, at the end
)

// A stream is one reader, of a group's topics or of its retry topic, and the
// messages that it gave one after the other.
type stream struct {
	client   *Client
	consumer Consumer
	group    string
	topics   []string

	reader  *reader
	handled map[place]kafka.Message // the last of each partition, not committed yet
	count   int                     // of messages since the last commit
	since   time.Time               // the first of them was handled
	trouble telemetry.Seldom        // with messages
}

type place struct {
	topic     string
	partition int
}

func (c *Client) stream(consumer Consumer, group string, topics ...string) *stream {
	return &stream{client: c, consumer: consumer, group: group, topics: topics, handled: map[place]kafka.Message{}}
}

func (s *stream) run(ctx context.Context) error {
	s.reader = s.client.newReader(s.group, s.topics)
	defer func() { s.reader.close() }()
	for ctx.Err() == nil {
		m, err := s.fetch(ctx)
		switch {
		case err == nil:
			if s.handle(ctx, m) {
				s.done(m)
			}
		case errors.Is(err, context.DeadlineExceeded):
			s.watch(ctx)
		case ctx.Err() == nil:
			s.mend(ctx, err)
		}
		s.commitIfDue(ctx)
	}
	s.commit(context.WithoutCancel(ctx))
	return nil
}

// fetch waits for a message, or until it is time to look after something else.
func (s *stream) fetch(ctx context.Context) (kafka.Message, error) {
	limit := s.client.watch
	if s.count > 0 {
		limit = time.Until(s.since.Add(commitDelay))
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return s.reader.fetch(ctx)
}

// mend goes on after a failure that the reader does not see to itself.
func (s *stream) mend(ctx context.Context, err error) {
	if !errors.Is(err, kafka.OffsetOutOfRange) {
		s.client.trouble.warn("reading from Kafka goes wrong", err)
		sleep(ctx, 500*time.Millisecond)
		return
	}
	// The reader has stopped reading that partition. Whether to read all of it
	// again or to leave out what came since is not for a program to decide.
	s.trouble.Warn("Kafka has lost messages that this group has read: its offsets have to be set anew", err)
	if sleep(ctx, watchInterval) {
		s.renew()
	}
}

// watch renews a reader that gives nothing although there is something for it.
func (s *stream) watch(ctx context.Context) {
	if s.count > 0 {
		return // it was only time to commit
	}
	stuck, err := s.reader.stuck(ctx)
	if err != nil && ctx.Err() == nil {
		s.client.trouble.warn("asking Kafka what is left to read goes wrong", err)
	}
	if stuck {
		slog.Warn("a reader of Kafka was stuck and is replaced", "group", s.group)
		s.renew()
	}
}

func (s *stream) renew() {
	s.reader.close()
	s.reader = s.client.newReader(s.group, s.topics)
}

func (s *stream) done(m kafka.Message) {
	if s.count == 0 {
		s.since = time.Now()
	}
	s.count++
	s.handled[place{m.Topic, m.Partition}] = m
}

func (s *stream) commitIfDue(ctx context.Context) {
	if s.count >= commitAfter || s.count > 0 && time.Since(s.since) >= commitDelay {
		s.commit(ctx)
	}
}

// commit has the group go on behind what was handled. When that fails, some of
// it will be read again.
func (s *stream) commit(ctx context.Context) {
	if s.count == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, commitTimeout)
	defer cancel()
	messages := make([]kafka.Message, 0, len(s.handled))
	for _, m := range s.handled {
		messages = append(messages, m)
	}
	if err := s.reader.CommitMessages(ctx, messages...); err != nil {
		s.client.trouble.warn("committing to Kafka goes wrong", err)
	}
	clear(s.handled)
	s.count = 0
}
