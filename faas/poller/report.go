package poller

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// errReport says that a report of failures cannot be understood. Then all records
// have failed: none may be lost because of it.
var errReport = errors.New(`its report is not as in {"batchItemFailures":[{"itemIdentifier":{"topic-partition":"TOPIC-0","offset":1}}]}`)

var errReported = errors.New("it reported so")

// report reads which records failed: it returns how many come before the first of
// them. No answer, null and an empty one say that none did; one record that was not
// in the event has all of them fail.
//
// Source: AWS Lambda Developer Guide, "Configuring error handling controls for
// Kafka event sources".
func (s source) report(records []record, answer []byte) (int, error) {
	var r struct {
		BatchItemFailures []struct {
			ItemIdentifier *struct {
				Partition *string `json:"topic-partition"`
				Short     *string `json:"partition"` // as another edition of the page has it
				Offset    *int64  `json:"offset"`
			} `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if len(answer) == 0 {
		return len(records), nil
	}
	if err := json.Unmarshal(answer, &r); err != nil {
		return 0, errReport
	}
	first := len(records)
	for _, failed := range r.BatchItemFailures {
		id := failed.ItemIdentifier
		if id == nil || id.Offset == nil || (id.Partition == nil) == (id.Short == nil) {
			return 0, errReport
		}
		partition := *cmp.Or(id.Partition, id.Short)
		i := slices.IndexFunc(records, func(r record) bool { return r.offset == *id.Offset })
		if partition != s.key() || i < 0 {
			return 0, fmt.Errorf("it reported a record that it was not given: offset %d of %.100q", *id.Offset, partition)
		}
		first = min(first, i)
	}
	if first < len(records) {
		return first, errReported
	}
	return first, nil
}
