package kafka

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"
)

// The headers of a message. Those from group on are added when a message goes to
// the retry topic or to the dead letters, and touch none of the others.
const (
	headerID        = "id"
	headerType      = "type"
	headerTime      = "time"
	headerParent    = "traceparent"
	headerState     = "tracestate"
	headerAttempt   = "attempt"
	headerGroup     = "group"
	headerNotBefore = "not-before"
	headerReason    = "reason"
	headerTopic     = "origin-topic"
	headerPartition = "origin-partition"
	headerOffset    = "origin-offset"
	headerKey       = "origin-key"
)

// encode returns what is sent of m.
func encode(m Message) kafka.Message {
	w := kafka.Message{Topic: m.Topic, Value: m.Value}
	if m.Key != "" {
		w.Key = []byte(m.Key)
	}
	set(&w, headerID, m.ID.String())
	set(&w, headerType, m.Type)
	set(&w, headerTime, m.Time.UTC().Format(time.RFC3339Nano))
	for _, name := range []string{headerParent, headerState} {
		if v := m.Trace[name]; v != "" {
			set(&w, name, v)
		}
	}
	set(&w, headerAttempt, strconv.Itoa(max(m.Attempt, 1)))
	return w
}

// decode returns the message that was sent as w, wherever it has been since: on a
// retry topic or among dead letters it is still the message of its own topic.
func decode(w kafka.Message) Message {
	m := Message{
		Topic: w.Topic, Partition: w.Partition, Offset: w.Offset,
		Key: string(w.Key), Value: w.Value, Time: w.Time, Trace: map[string]string{}, Attempt: 1,
	}
	for _, h := range w.Headers {
		v := string(h.Value)
		switch h.Key {
		case headerID:
			m.ID, _ = uuid.Parse(v)
		case headerType:
			m.Type = v
		case headerTime:
			if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
				m.Time = t
			}
		case headerParent, headerState:
			m.Trace[h.Key] = v
		case headerAttempt:
			if n, err := strconv.Atoi(v); err == nil {
				m.Attempt = n
			}
		case headerTopic:
			m.Topic = v
		case headerPartition:
			m.Partition, _ = strconv.Atoi(v)
		case headerOffset:
			m.Offset, _ = strconv.ParseInt(v, 10, 64)
		case headerKey:
			m.Key = v
		}
	}
	if m.ID == uuid.Nil { // from somebody who does not know our headers
		m.ID = uuid.NewSHA1(uuid.NameSpaceURL, fmt.Appendf(nil, "kafka:%s/%d/%d", m.Topic, m.Partition, m.Offset))
	}
	return m
}

// set sets a header, in place of one with that name.
func set(w *kafka.Message, name, value string) {
	unset(w, name)
	w.Headers = append(w.Headers, kafka.Header{Key: name, Value: []byte(value)})
}

func unset(w *kafka.Message, name string) {
	w.Headers = slices.DeleteFunc(w.Headers, func(h kafka.Header) bool { return h.Key == name })
}

// fresh makes w a message that was never set aside, which it is not, in a topic
// that others publish to, whatever its headers say: to wait until the year 3000,
// say, or that it is the one of another place.
func fresh(w *kafka.Message) {
	for _, name := range []string{headerAttempt, headerGroup, headerNotBefore, headerReason, headerTopic, headerPartition, headerOffset, headerKey} {
		unset(w, name)
	}
}

// header returns a header's value, or "".
func header(w kafka.Message, name string) string {
	for _, h := range w.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}
