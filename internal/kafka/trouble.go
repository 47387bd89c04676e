package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"triptych/internal/telemetry"
)

// hopeful is how long something may go wrong that Kafka says will pass, or that
// takes too long: it needs a moment to find out who coordinates the first group,
// and on a busy machine more than the second that kafka-go waits for an answer.
const hopeful = 30 * time.Second

// calm is how long all must have gone well for trouble to be over.
const calm = 10 * time.Second

// A trouble is what goes wrong in something that is done again and again, and
// warns of it seldom. It is silent about what we have cancelled, about what is no
// trouble, that a group shares its work out anew, and about what passes.
type trouble struct {
	seldom telemetry.Seldom

	mu          sync.Mutex
	first, last time.Time // that something went wrong that may pass, without a pause between
}

func (t *trouble) warn(msg string, err error) {
	if !t.harmless(err) {
		t.seldom.Warn(msg, err)
	}
}

// logger returns a logger for what kafka-go says to be wrong.
func (t *trouble) logger(msg string) kafka.Logger {
	return kafka.LoggerFunc(func(format string, args ...any) {
		for _, a := range args {
			if err, ok := a.(error); ok && t.harmless(err) {
				return
			}
		}
		t.seldom.Warn(msg, fmt.Errorf(format, args...))
	})
}

func (t *trouble) harmless(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, net.ErrClosed) || // it was we
		errors.Is(err, kafka.RebalanceInProgress) || t.passes(err)
}

// passes reports whether err is of a kind that passes, and has not gone on for long.
func (t *trouble) passes(err error) bool {
	code, said := errors.AsType[kafka.Error](err)
	late, _ := errors.AsType[net.Error](err)
	if said && !temporary(code) || !said && (late == nil || !late.Timeout()) {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if now.Sub(t.last) > calm {
		t.first = now
	}
	t.last = now
	return now.Sub(t.first) < hopeful
}
