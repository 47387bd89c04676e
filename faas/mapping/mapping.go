// Package mapping keeps which event source mappings there are: which topic of
// Kafka's wakes which function, and how. What it has accepted is on disk, and for
// each mapping that is enabled something runs, a poller say, as long as it is.
//
// Sources: the Lambda API reference, and "Using Lambda with self-managed Apache
// Kafka" in the AWS Lambda Developer Guide.
package mapping

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"triptych/faas/function"
)

// Where a group begins to read that has read nothing yet.
const (
	TrimHorizon = "TRIM_HORIZON" // at the oldest record there is
	Latest      = "LATEST"       // behind the newest
	AtTimestamp = "AT_TIMESTAMP" // at the first that is as young as Mapping.StartAt
)

// Forever stands for retries without end.
const Forever = -1

// A Mapping has the records of a topic given to a function, in batches.
type Mapping struct {
	ID      string       // a UUID
	Ref     function.Ref // the function, as it was named
	Brokers []string     // host:port, of those that are asked first
	Topic   string
	Group   string // of consumers; its offsets say what is done
	Start   string
	StartAt time.Time // of AtTimestamp

	Enabled        bool
	BatchSize      int           // records that one event has at most
	Window         time.Duration // how long a batch is waited for that is not full
	ReportFailures bool          // the function says which records failed
	Bisect         bool          // a batch that failed is tried again in halves
	Retries        int           // after a function error; or Forever
	MaxAge         time.Duration // of records that are given to the function; 0 is any
	OnFailure      string        // where records end that are given up: the ARN of a queue, or kafka://TOPIC; empty is nowhere

	Access  []Access // of no effect here
	Pollers *Pollers // of no effect here
	Tags    map[string]string

	Modified time.Time
	Windowed bool // Window was asked for, and is not the default
	Deleted  bool // it goes as soon as what it runs has ended
}

// An Access is how a client on AWS would be let in by the brokers.
type Access struct{ Type, URI string }

// Pollers is how many a client on AWS would keep.
type Pollers struct {
	MinimumPollers, MaximumPollers *int
	PollerGroupName                *string
}

// Lambda's defaults and limits. Source: the Lambda API reference.
const (
	DefaultBatch  = 100
	MaxBatch      = 10_000
	DefaultWindow = 500 * time.Millisecond
	MaxWindow     = 300 * time.Second
	MaxRetries    = 10_000
	MinAge        = 60 * time.Second
	MaxAge        = 604_800 * time.Second

	// RetriesAside is how often a batch is tried again without end, once it can
	// be put aside.
	RetriesAside = 10
)

// ARN is the Amazon resource name of a mapping.
func ARN(id string) string {
	return arnPrefix + id
}

const arnPrefix = "arn:aws:lambda:" + function.Region + ":" + function.Account + ":event-source-mapping:"

// FromARN returns the id in the name of a mapping; false when it is no such name.
// The region and the account in it do not matter.
func FromARN(arn string) (string, bool) {
	parts := strings.Split(arn, ":")
	if len(parts) != 7 || parts[0] != "arn" || parts[2] != "lambda" || parts[5] != "event-source-mapping" {
		return "", false
	}
	return parts[6], true
}

// Limit is how often a batch may be tried again; Forever is without end.
func (m *Mapping) Limit() int {
	if m.Retries == Forever && m.OnFailure != "" {
		return RetriesAside
	}
	return m.Retries
}

// kafkaDestination begins a destination that is a topic.
const kafkaDestination = "kafka://"

// TopicAside returns the topic, of the same brokers, that records which are given
// up are sent to; false when there is none.
func (m *Mapping) TopicAside() (string, bool) {
	return strings.CutPrefix(m.OnFailure, kafkaDestination)
}

// same tells whether two mappings have the same records given to the same
// function.
func (m *Mapping) same(other *Mapping) bool {
	return m.Ref == other.Ref && m.Topic == other.Topic && slices.Equal(slices.Sorted(slices.Values(m.Brokers)), slices.Sorted(slices.Values(other.Brokers)))
}

// String names a mapping in sentences.
func (m *Mapping) String() string { return fmt.Sprintf("%s of topic %s", m.ID, m.Topic) }
