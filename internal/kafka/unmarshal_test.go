package kafka_test

import (
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"triptych/internal/kafka"
)

func TestUnmarshal(t *testing.T) {
	m := kafka.Message{Type: "google.protobuf.StringValue", Value: []byte("\x0a\x03tea")}
	var s wrapperspb.StringValue
	if err := m.Unmarshal(&s); err != nil || s.Value != "tea" {
		t.Errorf("got %q, %v, want tea", s.Value, err)
	}
	if err := m.Unmarshal(&timestamppb.Timestamp{}); err == nil {
		t.Error("a text is taken for a time")
	}
	m.Value = []byte("\x0a\x09tea")
	if err := m.Unmarshal(&s); err == nil {
		t.Error("a message that breaks off is read")
	}
}
