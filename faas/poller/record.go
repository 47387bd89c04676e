package poller

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"triptych/faas/function"
)

// A record is one of a partition.
type record struct {
	offset int64
	time   time.Time
	key    []byte // nil when it has none
	parent string // of W3C's traceparent header; empty when it has none
	json   []byte // as it stands in an event
}

const traceparent = "traceparent"

// A wireRecord is a record as Lambda writes it.
type wireRecord struct {
	Topic         string              `json:"topic"`
	Partition     int                 `json:"partition"`
	Offset        int64               `json:"offset"`
	Timestamp     int64               `json:"timestamp"` // milliseconds since 1970
	TimestampType string              `json:"timestampType"`
	Key           []byte              `json:"key"`   // base64, or null
	Value         []byte              `json:"value"` // base64, or null
	Headers       []map[string][]int8 `json:"headers"`
}

// newRecord makes a record of what was read. The time is always the one that its
// producer gave it: of the broker's own, kafka-go does not tell.
func newRecord(topic string, partition int, offset int64, at time.Time, key, value []byte, headers []kafka.Header) record {
	r := record{offset: offset, time: at, key: key}
	w := wireRecord{
		Topic: topic, Partition: partition, Offset: offset, Timestamp: at.UnixMilli(), TimestampType: "CREATE_TIME",
		Key: key, Value: value, Headers: make([]map[string][]int8, len(headers)),
	}
	for i, h := range headers {
		if h.Key == traceparent {
			r.parent = string(h.Value)
		}
		w.Headers[i] = map[string][]int8{h.Key: signed(h.Value)}
	}
	r.json, _ = json.Marshal(w) // nothing in it can fail
	return r
}

// signed are bytes as Java has them.
func signed(bytes []byte) []int8 {
	numbers := make([]int8, len(bytes))
	for i, b := range bytes {
		numbers[i] = int8(b)
	}
	return numbers
}

// A source is what the events of a partition say of where they are from.
type source struct {
	brokers   string
	topic     string
	partition int
}

// key names a partition in events and reports.
func (s source) key() string { return s.topic + "-" + strconv.Itoa(s.partition) }

// event writes records as Lambda gives them to functions.
func (s source) event(records []record) []byte {
	brokers, _ := json.Marshal(s.brokers)
	key, _ := json.Marshal(s.key())
	b := append([]byte(`{"eventSource":"SelfManagedKafka","bootstrapServers":`), brokers...)
	b = append(append(append(b, `,"records":{`...), key...), `:[`...)
	for i, r := range records {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, r.json...)
	}
	return append(b, `]}}`...)
}

// fit is how many of records, from the first, one event may have: at most n, and
// no more than a payload holds. One that alone is too much counts as one.
func (s source) fit(records []record, n int) int {
	size := len(s.event(nil))
	for i, r := range records[:min(n, len(records))] {
		if size += len(r.json) + 1; size > function.MaxSyncPayload && i > 0 {
			return i
		}
	}
	return min(n, len(records))
}
