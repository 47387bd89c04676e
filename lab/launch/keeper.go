package launch

import (
	"context"
	"log/slog"
	"time"

	"triptych/internal/child"
	"triptych/internal/serve"
)

// A process that ends is started again, after a pause that doubles from the
// first to the longest. One that ran for a while begins again with the first.
const (
	firstPause   = 100 * time.Millisecond
	longestPause = 5 * time.Second
	ranLong      = 10 * time.Second
)

// nextPause is how long to wait before a process is started again that has run
// so long since the last pause.
func nextPause(last, ran time.Duration) time.Duration {
	if ran >= ranLong {
		return firstPause
	}
	return min(max(2*last, firstPause), longestPause)
}

// hopeless is how often a process ends before it was ever ready until nobody
// waits for it any longer.
const hopeless = 3

// stopTimeout is how long a process has to end once it was asked to.
const stopTimeout = serve.Drain + 2*time.Second

// A part is a process to keep up.
type part struct {
	name  string
	addr  string
	start func(context.Context) (*child.Process, error) // anew, each time
	ready func(context.Context) bool                    // asked again and again while it starts
}

// A keeper keeps one process up.
type keeper struct {
	part
	journal *journal

	// These are the supervisor's, which guards them.
	now     Process
	process *child.Process
	tries   int    // since it was last ready
	words   string // of its last end
	held    chan struct{}

	cancel context.CancelFunc
	done   chan struct{}
}

// keep starts the process, again and again, until ctx is done.
func (s *supervisor) keep(ctx context.Context, k *keeper) {
	defer close(k.done)
	var pause time.Duration
	for ctx.Err() == nil {
		begun := time.Now()
		s.once(ctx, k)
		if ctx.Err() != nil {
			return
		}
		pause = nextPause(pause, time.Since(begun))
		k.journal.note(slog.LevelWarn, "%s has ended (%s) and is started again in %s", k.name, k.words, pause)
		held := s.ended(k)
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		select {
		case <-ctx.Done():
			return
		case <-held:
		}
		s.change(func() { k.now.Restarts++ })
	}
}

// once starts the process and returns when it has ended.
func (s *supervisor) once(ctx context.Context, k *keeper) {
	p, err := k.start(ctx)
	if err != nil {
		s.change(func() { k.words = err.Error() })
		return
	}
	s.change(func() {
		k.process = p
		k.now.Pid = p.Pid()
		k.becomes(Starting)
	})
	if s.awaitReady(ctx, k, p) {
		s.change(func() {
			k.tries = 0
			k.becomes(Ready)
		})
	}
	select {
	case <-p.Done():
		words := k.journal.lastWords(p.Wait())
		s.change(func() { k.words = words })
	case <-ctx.Done():
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		p.Stop(end)
	}
}

// awaitReady asks the process until it says that it is ready, or has ended.
func (s *supervisor) awaitReady(ctx context.Context, k *keeper, p *child.Process) bool {
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !k.ready(ctx) {
		select {
		case <-again.C:
		case <-p.Done():
			return false
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// ended notes that the process has ended. It may be started again when the
// returned channel is closed.
func (s *supervisor) ended(k *keeper) (held <-chan struct{}) {
	s.change(func() {
		k.process = nil
		k.now.Pid = 0
		k.tries++
		k.becomes(Waiting)
		held = k.held
	})
	return held
}

func (k *keeper) becomes(state string) {
	k.now.State = state
	k.now.Since = time.Now().UTC()
}
