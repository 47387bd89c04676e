package poller

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
)

// askTimeout is how long an answer of a broker may take that need not wait for
// anything.
const askTimeout = 10 * time.Second

// A missing topic is waited for, outside the group.
type missing struct{ topic, brokers string }

func (e *missing) Error() string {
	return fmt.Sprintf("there is no topic %s at %s: create it, or correct the mapping", e.topic, e.brokers)
}

func (p *poller) brokers() string { return strings.Join(p.mapping.Brokers, ",") }

// unreachable leaves out which of its methods kafka-go was in, which stands
// before the reason.
func (p *poller) unreachable(err error) error {
	if why := errors.Unwrap(err); why != nil && strings.HasPrefix(err.Error(), "kafka.(*Client).") {
		err = why
	}
	return fmt.Errorf("the Kafka brokers at %s cannot be reached: %w", p.brokers(), err)
}

// partitions asks how many the topic has. It returns a *missing when the brokers
// do not have it.
func (p *poller) partitions(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := p.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{p.mapping.Topic}})
	if err != nil {
		return 0, p.unreachable(err)
	}
	for _, t := range answer.Topics {
		switch {
		case errors.Is(t.Error, kafka.UnknownTopicOrPartition):
			return 0, &missing{p.mapping.Topic, p.brokers()}
		case t.Error != nil:
			return 0, fmt.Errorf("the topic %s cannot be read: %w", p.mapping.Topic, t.Error)
		case len(t.Partitions) > 0:
			return len(t.Partitions), nil
		}
	}
	return 0, &missing{p.mapping.Topic, p.brokers()}
}

// watchInterval is how often a topic that is read is asked about.
const watchInterval = 10 * time.Second

// watch ends a generation when the topic is gone, or has more partitions.
func (p *poller) watch(ctx context.Context, end context.CancelCauseFunc) {
	for first := 0; ; {
		n, err := p.partitions(ctx)
		if gone, ok := errors.AsType[*missing](err); ok {
			end(gone)
			return
		}
		if err == nil && first == 0 {
			first = n
		}
		if err == nil && n != first {
			end(nil) // the next generation shares them out
			return
		}
		if !sleep(ctx, watchInterval) {
			return
		}
	}
}
