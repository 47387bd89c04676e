package poller

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/segmentio/kafka-go"

	"triptych/faas/async"
	"triptych/faas/function"
)

// exhaustedTopic is what exhausted is called in records that go to a topic.
const exhaustedTopic = "RetriesExhausted"

const isoMillis = "2006-01-02T15:04:05.000Z"

// A letter is what a destination is told of records that are given up. Source:
// AWS Lambda Developer Guide, "Capturing discarded batches", and "Using a Kafka
// topic as an on-failure destination".
type letter struct {
	RequestContext  requestContext   `json:"requestContext"`
	ResponseContext *responseContext `json:"responseContext"` // null when the function did not run
	Version         string           `json:"version"`
	Timestamp       string           `json:"timestamp"`
	KafkaBatchInfo  batchInfo        `json:"KafkaBatchInfo"`
	Payload         json.RawMessage  `json:"payload,omitempty"` // of a topic: the event
}

type requestContext struct {
	RequestID   string `json:"requestId"`
	FunctionARN string `json:"functionArn"`
	Condition   string `json:"condition"`
	InvokeCount int    `json:"approximateInvokeCount"`
}

type responseContext struct {
	StatusCode      int    `json:"statusCode"`
	ExecutedVersion string `json:"executedVersion,omitempty"`
	FunctionError   string `json:"functionError,omitempty"`
}

type batchInfo struct {
	BatchSize        int                   `json:"batchSize"`
	BootstrapServers string                `json:"bootstrapServers"`
	PayloadSize      int                   `json:"payloadSize"` // bytes
	RecordsInfo      map[string]recordSpan `json:"recordsInfo,omitempty"`
	RecordInfo       *recordInfo           `json:"recordInfo,omitempty"` // of one
}

// A recordSpan is where records are found in their partition.
type recordSpan struct {
	FirstOffset string `json:"firstRecordOffset"`
	LastOffset  string `json:"lastRecordOffset"`
	FirstTime   string `json:"firstRecordTimestamp"`
	LastTime    string `json:"lastRecordTimestamp"`
}

type recordInfo struct {
	Offset    string `json:"offset"`
	Timestamp string `json:"timestamp"`
}

// giveUp puts records aside: they are durable there before they count as done.
// Without a destination they are left out, as Lambda does. It is false when ctx
// ends first.
func (l *lane) giveUp(ctx context.Context, p portion, condition string) bool {
	slog.WarnContext(ctx, "records were given up", "function", l.mapping.Ref.String(), "partition", l.source.key(),
		"first", p.records[0].offset, "last", p.records[len(p.records)-1].offset, "because", condition, "destination", l.mapping.OnFailure)
	if l.mapping.OnFailure == "" {
		return true
	}
	for failures := 1; ; failures++ {
		err := l.putAside(ctx, p, condition, time.Now())
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		l.problem(fmt.Sprintf("the destination %s does not take what has failed: %v", l.mapping.OnFailure, err))
		if !sleep(ctx, l.Waits.after(failures)) {
			return false
		}
	}
}

func (l *lane) putAside(ctx context.Context, p portion, condition string, now time.Time) error {
	if l.aside == nil {
		queue, err := async.QueueName(l.mapping.OnFailure)
		if err != nil {
			return err
		}
		body, err := json.Marshal(l.letter(p, condition, now))
		if err != nil {
			return err
		}
		return l.Sender.Send(queue, body)
	}
	messages := make([]kafka.Message, len(p.records))
	for i, r := range p.records {
		one := p
		one.records = p.records[i : i+1]
		body, err := json.Marshal(l.letterOf(one, condition, now))
		if err != nil {
			return err
		}
		messages[i] = kafka.Message{Key: r.key, Value: body}
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	return l.aside.WriteMessages(ctx, messages...)
}

// letter is what a queue is told: where the records are.
func (l *lane) letter(p portion, condition string, now time.Time) letter {
	first, end := p.records[0], p.records[len(p.records)-1]
	out := l.about(p, condition, now)
	out.KafkaBatchInfo.RecordsInfo = map[string]recordSpan{l.source.key(): {
		FirstOffset: strconv.FormatInt(first.offset, 10), LastOffset: strconv.FormatInt(end.offset, 10),
		FirstTime: first.time.UTC().Format(isoMillis), LastTime: end.time.UTC().Format(isoMillis),
	}}
	return out
}

// letterOf is what a topic is told of one record, with the record.
func (l *lane) letterOf(p portion, condition string, now time.Time) letter {
	if condition == exhausted {
		condition = exhaustedTopic
	}
	out := l.about(p, condition, now)
	out.KafkaBatchInfo.RecordInfo = &recordInfo{strconv.FormatInt(p.records[0].offset, 10), p.records[0].time.UTC().Format(isoMillis)}
	out.Payload = l.source.event(p.records)
	return out
}

func (l *lane) about(p portion, condition string, now time.Time) letter {
	qualifier := l.mapping.Ref.Qualifier
	if qualifier == "" {
		qualifier = function.Latest
	}
	out := letter{
		RequestContext: requestContext{FunctionARN: function.ARN(l.mapping.Ref.Name, qualifier), Condition: condition, InvokeCount: p.runs},
		Version:        "1.0",
		Timestamp:      now.UTC().Format(isoMillis),
		KafkaBatchInfo: batchInfo{BatchSize: len(p.records), BootstrapServers: l.source.brokers, PayloadSize: len(l.source.event(p.records))},
	}
	if last := p.last; last != nil {
		out.RequestContext.RequestID = last.id
		out.ResponseContext = &responseContext{last.status, last.version, last.failed}
	} else {
		out.RequestContext.RequestID = uuid.NewString() // there was no request
	}
	return out
}
