package main

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"triptych/internal/kafka"
	"triptych/internal/kafka/kafkatest"
	"triptych/internal/outbox"
	"triptych/internal/waittest"
	payrollv1 "triptych/proto/payroll/v1"
)

// openWithLog is open with a topic and a group of the test's own, to which
// what is due is sent.
func openWithLog(t testing.TB) (*server, payrollv1.PayrollClient, *kafka.Client) {
	t.Helper()
	p, c := open(t)
	p.topic.Name, p.group = kafkatest.Name(t, p.topic.Name), kafkatest.Name(t, p.group)
	log := openLog(t, kafkatest.Brokers(t), p.topic)
	relay := outbox.NewRelay(p.db, log)
	p.wake = relay.Wake
	waittest.Beside(t, relay.Run)
	return p, c, log
}

func openLog(t testing.TB, brokers string, topics ...kafka.Topic) *kafka.Client {
	t.Helper()
	log, err := kafka.Open(brokers, topics...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return log
}

// quick is a worker that tries again soon.
func quick(p *server) kafka.Consumer {
	w := p.worker()
	w.Delay = func(int) time.Duration { return 10 * time.Millisecond }
	return w
}

// Three workers, each of which waits with its first chunk until all have one:
// so none can do the others' share before they have joined.
func TestWorkersShareTheChunks(t *testing.T) {
	p, c, log := openWithLog(t)
	p.chunk = 1
	const n, workers = 60, 3
	file := staff(t, c, n)
	var mu sync.Mutex
	var shares [workers]int
	partitions, gathered := map[int]bool{}, make(chan struct{})
	for i := range workers {
		w := quick(p)
		w.Handle = func(ctx context.Context, m kafka.Message) error {
			mu.Lock()
			shares[i]++
			partitions[m.Partition] = true
			if shares[i] == 1 && min(shares[0], shares[1], shares[2]) == 1 {
				close(gathered)
			}
			mu.Unlock()
			select {
			case <-gathered:
			case <-ctx.Done():
				return errors.New("the others got nothing")
			}
			return p.handle(ctx, m)
		}
		waittest.Beside(t, func(ctx context.Context) error { return log.Consume(ctx, w) })
	}
	r := started(t, c, "2026-04", file)
	ended(t, c, r.Id)
	checkPaid(t, c, r.Id, n)
	mu.Lock()
	defer mu.Unlock()
	if len(partitions) != p.topic.Partitions {
		t.Errorf("chunks came from %d partitions, want all %d", len(partitions), p.topic.Partitions)
	}
	t.Logf("shares of %d chunks: %v", n, shares)
}

func TestAPoisonedMessageDoesNotHoldUpTheRun(t *testing.T) {
	p, c, log := openWithLog(t)
	p.chunk = 1
	file := staff(t, c, 12)
	poison := kafka.Message{Topic: p.topic.Name, ID: uuid.New(), Key: "poison", Type: "events.v1.PayrollChunkDue", Value: []byte("x"), Attempt: 1}
	if err := log.Publish(t.Context(), poison); err != nil {
		t.Fatal(err)
	}
	waittest.Beside(t, func(ctx context.Context) error { return log.Consume(ctx, quick(p)) })
	r := started(t, c, "2026-04", file)
	ended(t, c, r.Id)
	checkPaid(t, c, r.Id, 12)
	waittest.Until(t, "the poison is with the dead letters", func() bool {
		letters, err := log.Letters(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range letters {
			if l.Group == p.group {
				return l.Message.ID == poison.ID && l.Reason != "" && l.Message.Attempt == 3
			}
		}
		return false
	})
}
