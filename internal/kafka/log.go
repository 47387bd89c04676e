package kafka

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"

	"triptych/internal/telemetry"
)

// seldom returns a logger for kafka-go, which says the same again and again
// while a broker is away, and tells of what we have cancelled, and as errors of
// what is none: that a group shares its work out anew.
func seldom(msg string) kafka.Logger {
	log := &telemetry.Seldom{}
	return kafka.LoggerFunc(func(format string, args ...any) {
		for _, a := range args {
			err, ok := a.(error)
			if ok && (errors.Is(err, context.Canceled) || errors.Is(err, kafka.RebalanceInProgress)) {
				return
			}
		}
		log.Warn(msg, fmt.Errorf(format, args...))
	})
}
