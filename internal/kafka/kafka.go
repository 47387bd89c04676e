// Package kafka is how services tell each other what has happened: through a log
// that Kafka's protocol gives access to, Apache Kafka's or the broker that comes
// with Triptych.
//
// What is published is durable, and is handled at least once by each group of
// consumers: whoever handles a message has to know it again (package inbox). The
// settings are chosen against what kafka-go does by default, which loses
// messages when a broker dies and takes half a minute to notice that a consumer
// has.
//
// Of the files, publish.go is one end of the log and consume.go the other: there,
// a stream has a reader, which is a member of the group, and handles one message
// of it after the other. What cannot be handled goes to the group's retry topic
// and at last among its dead letters; offsets.go and scan.go look at the log
// without being part of it.
package kafka

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
)

// A Topic is a part of the log.
type Topic struct {
	Name       string
	Partitions int
	Retention  time.Duration // 0: everything is kept
	Compacted  bool          // of each key only the last message is kept

	largest int // batch that the broker is to take, in bytes; 0: its own limit
}

// A Message is one entry of a topic.
type Message struct {
	Topic     string
	Partition int       // when read
	Offset    int64     // when read
	ID        uuid.UUID // the same when it is sent again
	Key       string    // messages of one key are read in the order they were sent
	Type      string    // the full name of the protobuf message in Value
	Value     []byte
	Trace     map[string]string // W3C trace context of whoever caused it
	Time      time.Time         // when it was caused
	Attempt   int               // 1 at first
}

// Unmarshal reads the event that m holds, which must be of event's type.
func (m Message) Unmarshal(event proto.Message) error {
	if want := string(proto.MessageName(event)); m.Type != want {
		return fmt.Errorf("a message of type %q came where %s is understood", m.Type, want)
	}
	if err := proto.Unmarshal(m.Value, event); err != nil {
		return fmt.Errorf("read %s: %w", m.Type, err)
	}
	return nil
}
