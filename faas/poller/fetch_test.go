package poller

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// What brokers answer with: batches that begin before what was asked for, have
// gaps, are empty since they were compacted, or are Kafka's own.
func TestRead(t *testing.T) {
	batch := func(offsets ...int64) protocol.RecordReader {
		var records []protocol.Record
		for _, o := range offsets {
			records = append(records, protocol.Record{Offset: o, Time: time.Unix(o, 0), Value: protocol.NewBytes([]byte("v"))})
		}
		return &protocol.RecordBatch{Records: protocol.NewRecordReader(records...)}
	}
	control := func(offset int64) protocol.RecordReader {
		return &protocol.ControlBatch{BaseOffset: offset, Records: protocol.NewRecordReader(protocol.Record{Offset: offset})}
	}
	for _, c := range []struct {
		name    string
		batches []protocol.RecordReader
		want    []int64
		next    int64
	}{
		{"nothing", nil, nil, 10},
		{"what comes next", []protocol.RecordReader{batch(10, 11), batch(12)}, []int64{10, 11, 12}, 13},
		{"some that came before", []protocol.RecordReader{batch(8, 9, 10)}, []int64{10}, 11},
		{"gaps", []protocol.RecordReader{batch(12, 15)}, []int64{12, 15}, 16},
		{"an empty batch", []protocol.RecordReader{batch()}, nil, 11},
		{"only what came before", []protocol.RecordReader{batch(8, 9)}, nil, 11},
		{"Kafka's own", []protocol.RecordReader{control(10)}, nil, 11},
		{"Kafka's own between", []protocol.RecordReader{batch(10), control(11), batch(12)}, []int64{10, 12}, 13},
	} {
		l := &lane{source: source{topic: "t"}, next: 10}
		var records kafka.RecordReader = protocol.NewRecordReader()
		if c.batches != nil {
			records = &protocol.RecordStream{Records: c.batches}
		}
		if err := l.read(records); err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, r := range l.records {
			got = append(got, r.offset)
		}
		if diff := cmp.Diff(c.want, got); diff != "" || l.next != c.next {
			t.Errorf("%s: then from %d, want %d; records (-want +got):\n%s", c.name, l.next, c.next, diff)
		}
	}
}
