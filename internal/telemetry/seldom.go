package telemetry

import (
	"log/slog"
	"sync"
	"time"
)

// A Seldom warns of a trouble that goes on, a receiver that is down say, once
// and then at most every minute. The zero Seldom warns to slog's default logger.
type Seldom struct {
	Log *slog.Logger

	mu     sync.Mutex
	last   time.Time
	silent int
}

// Warn logs err under msg, unless something was logged within the last minute.
func (s *Seldom) Warn(msg string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if !s.last.IsZero() && now.Sub(s.last) < time.Minute {
		s.silent++
		return
	}
	log := s.Log
	if log == nil {
		log = slog.Default()
	}
	log.Warn(msg, "err", err, "unreported", s.silent)
	s.last, s.silent = now, 0
}
