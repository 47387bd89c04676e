package sam

import (
	"strconv"
	"strings"
	"time"

	sources "triptych/faas/mapping"
)

// A Topic is a topic of Kafka's whose records are given to a function: an event of
// type SelfManagedKafka, with Lambda's defaults filled in.
type Topic struct {
	ID   string // its name among the function's Events
	Line int    // of the template

	Brokers []string // host:port
	Name    string
	Group   string    // of consumers; empty is one of its own
	Start   string    // TRIM_HORIZON, LATEST or AT_TIMESTAMP
	StartAt time.Time // of AT_TIMESTAMP

	Enabled        bool
	BatchSize      int
	Window         *int // seconds; nil is half a second
	ReportFailures bool
	Bisect         bool
	Retries        int    // -1 is without end
	MaxAge         int    // seconds; -1 is any
	OnFailure      string // ARN of a queue, or kafka://TOPIC; empty is none
}

// topic reads an event of type SelfManagedKafka.
func (l *loader) topic(fn *Function, e field) {
	t := Topic{
		ID: e.name, Line: e.line, Start: sources.TrimHorizon, Enabled: true,
		BatchSize: sources.DefaultBatch, Retries: sources.Forever, MaxAge: sources.Forever,
	}
	var properties *field
	l.object(field{"The event " + e.name, e.line, e.value}, object{
		"Type":       ignored, // events has read it
		"Properties": func(f field) { properties = &f },
	})
	if properties == nil {
		l.complain(e.line, "the event %s has no Properties: write KafkaBootstrapServers and Topics", e.name)
		return
	}
	l.object(field{"The event " + e.name, properties.line, properties.value}, l.topicProperties(&t))
	n := l.resolve(properties.value)
	if n == nil || n.kind != mapping {
		return
	}
	for _, name := range []string{"KafkaBootstrapServers", "Topics"} {
		if n.get(name) == nil {
			l.complain(e.line, "the event %s has no %s: write it in its Properties", e.name, name)
		}
	}
	if at := n.get("StartingPositionTimestamp"); (at != nil) != (t.Start == sources.AtTimestamp) {
		l.complain(e.line, "the event %s must have both StartingPosition: %s and a StartingPositionTimestamp, or neither", e.name, sources.AtTimestamp)
	}
	if t.OnFailure == "kafka://"+t.Name {
		l.complain(e.line, "the event %s puts what has failed into the topic that it reads: use another", e.name)
	}
	fn.Topics = append(fn.Topics, t)
}

func (l *loader) topicProperties(t *Topic) object {
	const most = int(sources.MaxAge / time.Second)
	return object{
		"KafkaBootstrapServers":          func(f field) { t.Brokers = l.brokers(f) },
		"Topics":                         func(f field) { t.Name = l.oneTopic(f) },
		"ConsumerGroupId":                func(f field) { t.Group = l.sound(f, sources.CheckGroup) },
		"StartingPosition":               func(f field) { t.Start, _ = l.oneOf(f, sources.TrimHorizon, sources.Latest, sources.AtTimestamp) },
		"StartingPositionTimestamp":      func(f field) { t.StartAt = l.instant(f) },
		"Enabled":                        func(f field) { t.Enabled, _ = l.truth(f) },
		"BatchSize":                      func(f field) { t.BatchSize, _ = l.whole(f, 1, sources.MaxBatch) },
		"MaximumBatchingWindowInSeconds": func(f field) { t.Window = l.window(f) },
		"FunctionResponseTypes":          func(f field) { t.ReportFailures = l.reports(f) },
		"BisectBatchOnFunctionError":     func(f field) { t.Bisect, _ = l.truth(f) },
		"MaximumRetryAttempts":           func(f field) { t.Retries, _ = l.whole(f, sources.Forever, sources.MaxRetries) },
		"MaximumRecordAgeInSeconds": func(f field) {
			t.MaxAge, _ = l.whole(f, sources.Forever, most)
			if least := int(sources.MinAge / time.Second); t.MaxAge >= 0 && t.MaxAge < least {
				l.complain(f.line, "%s must be from %d to %d, or -1 for any age", f.name, least, most)
			}
		},
		"DestinationConfig": func(f field) {
			l.object(f, object{
				"OnFailure": func(f field) { t.OnFailure = l.aside(f) },
				"OnSuccess": l.refused("events from topics have an OnFailure alone: leave it out"),
			})
		},

		// How a client on AWS is let in, and how many of them there are.
		"SourceAccessConfigurations": ignored,
		"ProvisionedPollerConfig":    ignored,

		"FilterCriteria":       l.refused("this runner filters no records: have the function pass over those that it does not want"),
		"KmsKeyArn":            l.refused("this runner encrypts no filters: leave it out"),
		"SchemaRegistryConfig": l.refused("this runner asks no schema registry: have the function read what records hold"),
		"LoggingConfig":        l.refused("this runner keeps no log of mappings: leave it out"),
		"MetricsConfig":        l.refused("this runner has no such metrics: leave it out"),
	}
}

// sound reads a text that a check finds nothing wrong with.
func (l *loader) sound(f field, check func(string) error) string {
	s, ok := l.text(f)
	if !ok {
		return ""
	}
	if err := check(s); err != nil {
		l.complain(f.line, "%s: %v", f.name, err)
	}
	return s
}

func (l *loader) window(f field) *int {
	n, ok := l.whole(f, 0, int(sources.MaxWindow/time.Second))
	if !ok {
		return nil
	}
	return &n
}

func (l *loader) brokers(f field) []string {
	var all []string
	for _, item := range l.list(f) {
		all = append(all, l.sound(item, sources.CheckBroker))
	}
	if len(all) == 0 && l.value(f, sequence) != nil {
		l.complain(f.line, "%s names no broker: write at least one, as host:port", f.name)
	}
	return all
}

// oneTopic reads the list of one topic that Lambda wants.
func (l *loader) oneTopic(f field) string {
	items := l.list(f)
	if len(items) == 1 {
		return l.sound(items[0], sources.CheckTopic)
	}
	if l.value(f, sequence) != nil {
		l.complain(f.line, "Topics has %d names: an event reads exactly one topic, write an event for each", len(items))
	}
	return ""
}

func (l *loader) reports(f field) bool {
	reports := false
	for _, item := range l.list(f) {
		_, is := l.oneOf(item, "ReportBatchItemFailures")
		reports = reports || is
	}
	return reports
}

// instant reads seconds since 1970.
func (l *loader) instant(f field) time.Time {
	s, ok := l.text(f)
	if !ok {
		return time.Time{}
	}
	seconds, err := strconv.ParseFloat(s, 64)
	if err != nil || seconds <= 0 || seconds > 1<<40 {
		l.complain(f.line, "%s is %s: write the seconds since 1970", f.name, quoted(s))
		return time.Time{}
	}
	return time.UnixMilli(int64(seconds * 1000)).UTC()
}

// aside reads where records go that are given up.
func (l *loader) aside(f field) string {
	const write = "write the ARN of a queue, as in !GetAtt Dead.Arn, or kafka://TOPIC for a topic of the same brokers"
	var to *field
	l.object(f, object{
		"Destination": func(f field) { to = &f },
		"Type":        func(f field) { l.oneOf(f, "SQS", "Kafka") },
	})
	if to == nil {
		l.complain(f.line, "OnFailure has no Destination: %s", write)
		return ""
	}
	s, ok := l.text(*to)
	topic, isTopic := strings.CutPrefix(s, "kafka://")
	if ok && !isARN(s, "sqs") && (!isTopic || sources.CheckTopic(topic) != nil) {
		l.complain(to.line, "Destination is %s: %s", quoted(s), write)
	}
	return s
}
