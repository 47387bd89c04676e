package kafka

import (
	"fmt"

	"github.com/segmentio/kafka-go"
)

// bury makes a message a letter: its key becomes the letter's id, which is the
// same when the same message is buried again.
func (s *stream) bury(w *kafka.Message, m Message) {
	w.Topic = s.consumer.Group + deadLettersSuffix
	w.Key = fmt.Appendf(nil, "%s/%s/%d/%d", s.consumer.Group, m.Topic, m.Partition, m.Offset)
	set(w, headerKey, m.Key)
	unset(w, headerNotBefore)
	if w.Value == nil {
		w.Value = []byte{} // none would delete the letter
	}
}
