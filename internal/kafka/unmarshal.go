package kafka

import (
	"fmt"

	"google.golang.org/protobuf/proto"
)

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
