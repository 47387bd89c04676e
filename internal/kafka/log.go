package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"

	"triptych/internal/telemetry"
)

// seldom returns a logger for kafka-go, which says the same again and again
// while a broker is away, and tells of what we have cancelled.
func seldom(msg string) kafka.Logger {
	log := &telemetry.Seldom{}
	return kafka.LoggerFunc(func(format string, args ...any) {
		for _, a := range args {
			if err, ok := a.(error); ok && errors.Is(err, context.Canceled) {
				return
			}
		}
		log.Warn(msg, fmt.Errorf(format, args...))
	})
}
