package telemetry

import (
	"context"
	"log/slog"
	"time"
)

// flushTimeout is what a process gives a receiver that is slow at its end.
const flushTimeout = 3 * time.Second

// Flush ends what Start began: it sends what is left, for a while, also when the
// process ends because its context has.
func Flush(shutdown func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := shutdown(ctx); err != nil {
		slog.Warn("some telemetry was not sent", "err", err)
	}
}
