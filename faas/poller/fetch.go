package poller

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"triptych/faas/mapping"
)

const (
	idleWait   = 5 * time.Second // for records, at the broker
	fetchBytes = 1 << 20         // that one answer has about; a record that is larger comes alone
)

// fetch waits for records at the broker and adds them to those that were read.
func (l *lane) fetch(ctx context.Context, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait+askTimeout)
	defer cancel()
	answer, err := l.client.Fetch(ctx, &kafka.FetchRequest{
		Topic: l.source.topic, Partition: l.source.partition, Offset: l.next,
		MinBytes: 1, MaxBytes: fetchBytes, MaxWait: max(wait, time.Millisecond),
	})
	if err == nil {
		err = answer.Error
	}
	if err != nil {
		return err
	}
	l.at.End = answer.HighWatermark
	return l.read(answer.Records)
}

// read takes the records of an answer. What they begin with may have been read
// before; and there may be batches in which no record is left, or whose records
// are Kafka's own, which are passed over.
func (l *lane) read(records kafka.RecordReader) error {
	begin := l.next
	for {
		r, err := records.ReadRecord()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("read record %d: %w", l.next, err)
		}
		key, err := bytesOf(r.Key)
		if err != nil {
			return err
		}
		value, err := bytesOf(r.Value)
		if err != nil {
			return err
		}
		if r.Offset < l.next {
			continue
		}
		l.add(r, key, value)
	}
	if stream, ok := records.(*protocol.RecordStream); ok && l.next == begin && len(stream.Records) > 0 {
		l.next = begin + 1 // there is no such record: the batch that would have it has come
	}
	return nil
}

func (l *lane) add(r *kafka.Record, key, value []byte) {
	l.records = append(l.records, newRecord(l.source.topic, l.source.partition, r.Offset, r.Time, key, value, r.Headers))
	l.next = r.Offset + 1
}

// bytesOf reads a key or a value; nil is none.
func bytesOf(b kafka.Bytes) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	defer b.Close()
	bytes, err := kafka.ReadAll(b)
	if bytes == nil && err == nil {
		bytes = []byte{}
	}
	return bytes, err
}

// begin finds out where the partition is to be read from, when the group has
// committed nothing of it yet.
func (l *lane) begin(ctx context.Context, committed int64) error {
	if committed >= 0 {
		l.next = committed
		return nil
	}
	m := l.mapping
	ask := kafka.FirstOffsetOf(l.source.partition)
	switch m.Start {
	case mapping.Latest:
		ask = kafka.LastOffsetOf(l.source.partition)
	case mapping.AtTimestamp:
		ask = kafka.TimeOffsetOf(l.source.partition, m.StartAt)
	}
	first, err := l.ask(ctx, ask)
	if err != nil {
		return err
	}
	l.next = first
	if m.Start == mapping.TrimHorizon {
		return nil
	}
	// What is written from now on is to be read, by whoever has the partition
	// next as well.
	return l.commit(first)
}

// ask asks for an offset.
func (l *lane) ask(ctx context.Context, what kafka.OffsetRequest) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := l.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{l.source.topic: {what}}})
	if err != nil {
		return 0, err
	}
	for _, p := range answer.Topics[l.source.topic] {
		switch {
		case p.Partition != l.source.partition:
			continue
		case p.Error != nil:
			return 0, p.Error
		case what.Timestamp == kafka.FirstOffset:
			return p.FirstOffset, nil
		case what.Timestamp == kafka.LastOffset:
			return p.LastOffset, nil
		}
		for offset := range p.Offsets {
			if offset >= 0 {
				return offset, nil
			}
		}
		return l.ask(ctx, kafka.LastOffsetOf(l.source.partition)) // none is so young
	}
	return 0, fmt.Errorf("the brokers say nothing of the partition %s", l.source.key())
}
