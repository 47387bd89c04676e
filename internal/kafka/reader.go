package kafka

import (
	"context"
	"net"
	"time"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"
)

// A reader is a member of a group, as kafka-go has it, under a name by which the
// broker can be asked about it.
type reader struct {
	*kafka.Reader
	client *Client
	name   string // the member's client id
	group  string
	topics []string
	behind map[place]int64 // what was committed when it gave nothing although it was behind
}

func (c *Client) newReader(group string, topics []string) *reader {
	name := "triptych-" + uuid.NewString()
	return &reader{client: c, name: name, group: group, topics: topics, Reader: kafka.NewReader(kafka.ReaderConfig{
		Brokers:     c.brokers,
		GroupID:     group,
		GroupTopics: topics,
		Dialer: &kafka.Dialer{ClientID: name, Timeout: dialTimeout, DialFunc: (&net.Dialer{
			Timeout: dialTimeout, KeepAliveConfig: keepAlive}).DialContext},
		StartOffset:   kafka.FirstOffset, // the last would lose what is sent before the first reader comes
		QueueCapacity: 50,
		MinBytes:      1,
		MaxBytes:      asideBytes,
		// What comes is sent at once. Of a wait of more than a second the client
		// leaves that second for the answer to arrive: the broker is asked to wait
		// for a quarter of one. Of a shorter wait it would leave less, which a
		// busy broker exceeds.
		MaxWait: 1250 * time.Millisecond,

		// A member that died is missed after the one, and the others hear of
		// it within the other. Handling may take longer: heartbeats are sent
		// meanwhile.
		SessionTimeout:         6 * time.Second, // brokers allow no less
		HeartbeatInterval:      500 * time.Millisecond,
		RebalanceTimeout:       10 * time.Second,
		JoinGroupBackoff:       500 * time.Millisecond,
		ReadBackoffMax:         300 * time.Millisecond,
		WatchPartitionChanges:  true,
		PartitionWatchInterval: 30 * time.Second,
		OffsetOutOfRangeError:  true,
		ErrorLogger:            c.trouble.logger("reading from Kafka goes wrong"),
	})}
}

func (r *reader) fetch(ctx context.Context) (kafka.Message, error) {
	m, err := r.FetchMessage(ctx)
	if err == nil {
		r.behind = nil
	}
	return m, err
}

// close leaves the group. When the broker does not answer it stops waiting for
// it; kafka-go gives up by itself some seconds later.
func (r *reader) close() {
	closed := make(chan struct{})
	go func() {
		_ = r.Close() // returns nil always
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(closeTimeout):
	}
}

// stuck reports whether the reader gave nothing since it was last asked, although
// partitions that are its own have messages that nobody has committed. This
// happens to kafka-go's reader after some restarts of brokers.
func (r *reader) stuck(ctx context.Context) (bool, error) {
	behind, err := r.client.behind(ctx, r.group, r.topics)
	if err != nil || len(behind) == 0 {
		r.behind = nil
		return false, err
	}
	mine, err := r.assigned(ctx)
	if err != nil {
		return false, err
	}
	before := r.behind
	r.behind = map[place]int64{}
	stuck := false
	for p, offset := range behind {
		if mine != nil && !mine[p] {
			continue // it is another member's, who may be busy with it
		}
		r.behind[p] = offset
		if was, ok := before[p]; ok && was == offset {
			stuck = true
		}
	}
	return stuck, nil
}

// assigned returns the partitions that the broker thinks this reader reads; nil
// when it knows no such member, though the group has come to an agreement.
func (r *reader) assigned(ctx context.Context) (map[place]bool, error) {
	described, err := r.client.kafka.DescribeGroups(ctx, &kafka.DescribeGroupsRequest{GroupIDs: []string{r.group}})
	if err != nil {
		return nil, err
	}
	var mine map[place]bool
	for _, g := range described.Groups {
		if g.GroupState == "PreparingRebalance" || g.GroupState == "CompletingRebalance" {
			return map[place]bool{}, nil
		}
		for _, m := range g.Members {
			if m.ClientID != r.name {
				continue
			}
			mine = map[place]bool{}
			for _, t := range m.MemberAssignments.Topics {
				for _, p := range t.Partitions {
					mine[place{t.Topic, p}] = true
				}
			}
		}
	}
	return mine, nil
}
